/**
 * A Twilio call in the record. Its CallSid alone does not find it: the account's sid is part of its URL. So both are
 * stored, as `AC…/CA…`; for a call of a sub-account, with the sub-account's sid.
 */
export interface CallReference {
  readonly accountSid: string;
  /** The CallSid of leg A. */
  readonly sid: string;
}

const ACCOUNT = 'AC[0-9a-fA-F]{32}';
const CALL = 'CA[0-9a-fA-F]{32}';
const REFERENCE = new RegExp(`^(${ACCOUNT})/(${CALL})$`);

export const isAccountSid = (text: string): boolean => new RegExp(`^${ACCOUNT}$`).test(text);
export const isCallSid = (text: unknown): text is string =>
  typeof text === 'string' && new RegExp(`^${CALL}$`).test(text);

export const writeReference = ({ accountSid, sid }: CallReference): string => `${accountSid}/${sid}`;

/** @throws if the text is not a reference */
export const readReference = (text: string): CallReference => {
  const [, accountSid, sid] = REFERENCE.exec(text) ?? [];
  if (accountSid === undefined || sid === undefined) throw new Error('the call’s id is none of Twilio’s (AC…/CA…)');
  return { accountSid, sid };
};
