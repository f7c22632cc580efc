/** The fields of a dial, and the refusals that need no request. Pure. */
import type { DialRequest, Refusal } from '../telephony-provider.js';
import { numberFrom } from '../number-pool.js';
import { countDownOf } from './count-down.js';
import { writeUserData } from './user-data.js';
import { nationalNumber } from './national-number.js';
import { OWN_REFUSALS } from './own-refusals.js';
import type { YuntongxunOptions } from './yuntongxun-options.js';

/** A sid is part of a path. Every sid seen so far has 32 hexadecimal digits. */
export const isSid = (text: string): boolean => /^[0-9A-Za-z]{1,64}$/.test(text);

export type CallbackOrder =
  | { readonly kind: 'order'; readonly fields: Readonly<Record<string, string>> }
  | ({ readonly kind: 'refused' } & Refusal);

const notInChina = (what: string): CallbackOrder => ({
  kind: 'refused',
  ...OWN_REFUSALS.notInChina,
  text: `${what} is not in mainland China`,
});

/** @param cdrUrl the URL for the call's realtime CDR; null for none */
export const callbackOrder = (
  { callSid, callerPhone, calleePhone, calleeExtension, subAccount, terms = {} }: DialRequest,
  { displayNumbers = {}, ...usual }: YuntongxunOptions,
  cdrUrl: string | null,
): CallbackOrder => {
  const maxCallSeconds = terms.longestTalkSeconds ?? usual.maxCallSeconds;
  const warning = countDownOf(usual.talkWarningSeconds, maxCallSeconds);
  const record = terms.record ?? usual.record ?? false;
  const [from, to] = [nationalNumber(callerPhone), nationalNumber(calleePhone)];
  if (from === null) return notInChina('the caller’s number');
  if (to === null) return notInChina('the callee’s number');
  const [shownToCallee, shownToCaller] = [
    ownOrUsual(terms.shownToCallee, displayNumbers.customerSerNum, calleePhone, [callerPhone, calleePhone]),
    ownOrUsual(terms.shownToCaller, displayNumbers.fromSerNum, callerPhone, [callerPhone, calleePhone]),
  ];
  if (shownToCallee === null || shownToCaller === null) return notInChina('a number to show');
  if (!isSid(subAccount.externalId)) {
    return { kind: 'refused', ...OWN_REFUSALS.noSid, text: 'the sub-account’s external id is not a subAccountSid' };
  }
  return {
    kind: 'order',
    fields: {
      from,
      to: calleeExtension === undefined ? to : `${to}-${calleeExtension}`,
      ...shown('customerSerNum', shownToCallee, to),
      ...shown('fromSerNum', shownToCaller, from),
      userData: writeUserData(callSid, terms),
      ...(maxCallSeconds !== undefined && { maxCallTime: String(maxCallSeconds) }),
      ...(warning !== undefined && { countDownTime: String(warning) }),
      ...(cdrUrl !== null && { hangupCdrUrl: cdrUrl }),
      ...(record && { needRecord: '1' }),
    },
  };
};

/** Null if the call's own number cannot be shown. */
const ownOrUsual = (
  own: string | undefined,
  usual: readonly string[] | undefined,
  shownOn: string,
  pair: readonly [string, string],
): string | null | undefined => {
  if (own !== undefined) return nationalNumber(own);
  return usual && numberFrom(usual, shownOn, pair, 'CN');
};

/** The platform refuses a phone that would show its own number. */
const shown = (name: string, number: string | undefined, rung: string): Record<string, string> =>
  number === undefined || number === rung ? {} : { [name]: number };
