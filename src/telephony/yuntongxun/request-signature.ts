/** The two credentials of a request to Yuntongxun. Both use the same timestamp. */
import { createHash } from 'node:crypto';
import { chinaTimestamp } from './china-time.js';

/** The main account with its auth token, or a sub-account with its sub-token: the account whose sid is in the path. */
export interface Account {
  readonly sid: string;
  readonly token: string;
}

export interface RequestSignature {
  /** The query parameter. */
  readonly sig: string;
  /** The complete header, without a scheme. */
  readonly authorization: string;
}

/** MD5 is required by the vendor; TLS protects the exchange. */
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
