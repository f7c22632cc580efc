/**
 * A call in the record. Its CallSid alone does not find it: the account's id is part of its URL. So both are stored,
 * as `AC…/CA…`; for a call of a sub-account, with the sub-account's sid.
 */
import type { Dialect } from './dialect.js';

export interface CallReference {
  readonly accountSid: string;
  /** The CallSid of leg A. */
  readonly sid: string;
}

type Ids = Pick<Dialect, 'accountId' | 'callId' | 'company'>;

const isWhole = (pattern: string, text: unknown): text is string =>
  typeof text === 'string' && new RegExp(`^(?:${pattern})$`).test(text);

export const isAccountSid = ({ accountId }: Ids, text: string): boolean => isWhole(accountId, text);
export const isCallSid = ({ callId }: Ids, text: unknown): text is string => isWhole(callId, text);

export const writeReference = ({ accountSid, sid }: CallReference): string => `${accountSid}/${sid}`;

/** @throws if the text is not a reference */
export const readReference = (ids: Ids, text: string): CallReference => {
  const [accountSid = '', sid, ...others] = text.split('/');
  if (others.length > 0 || !isAccountSid(ids, accountSid) || !isCallSid(ids, sid)) {
    throw new Error(`the call’s id is none of ${ids.company}’s`);
  }
  return { accountSid, sid };
};
