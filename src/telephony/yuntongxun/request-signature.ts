/** How a request to Yuntongxun says who sends it: two places, one timestamp. */
import { createHash } from 'node:crypto';
import { chinaTimestamp } from './china-time.js';

/** The main account with its auth token, or a sub-account with its sub-token: the pair whose sid is in the path. */
export interface Account {
  readonly sid: string;
  readonly token: string;
}

export interface RequestSignature {
  /** Of the query. */
  readonly sig: string;
  /** The whole header: there is no scheme in front. */
  readonly authorization: string;
}

/** MD5 is the vendor's choice; TLS is what keeps the exchange safe. */
export const signRequest = ({ sid, token }: Account, now: Date): RequestSignature => {
  const timestamp = chinaTimestamp(now);
  return {
    sig: createHash('md5')
      .update(sid + token + timestamp)
      .digest('hex')
      .toUpperCase(),
    authorization: Buffer.from(`${sid}:${timestamp}`).toString('base64'),
  };
};
