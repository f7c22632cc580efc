/**
 * `userData` of a dial, which the platform returns in CallAuth, Hangup and the CDR: the callSid, and the call's own terms.
 * The reply to CallAuth repeats the terms of the dial, and any replica has to write it without a query. Letters and
 * digits only, 256 bytes at most (容联's documentation of Callback).
 */
import type { DialTerms } from '../telephony-provider.js';

type Terms = Pick<DialTerms, 'record' | 'longestTalkSeconds'>;

export interface UserData {
  readonly callSid: string;
  readonly terms: Terms;
}

const USER_DATA = /^(\d{32})(?:r([01]))?(?:t(\d{1,6}))?$/;

export const writeUserData = (callSid: string, { record, longestTalkSeconds }: Terms): string =>
  callSid +
  (record === undefined ? '' : `r${record ? '1' : '0'}`) +
  (longestTalkSeconds === undefined ? '' : `t${String(longestTalkSeconds)}`);

/** Null if it is not ours. */
export const readUserData = (text: string): UserData | null => {
  const [, callSid, record, seconds] = USER_DATA.exec(text) ?? [];
  if (callSid === undefined) return null;
  return {
    callSid,
    terms: {
      ...(record !== undefined && { record: record === '1' }),
      ...(seconds !== undefined && { longestTalkSeconds: Number(seconds) }),
    },
  };
};
