/**
 * The addresses at which Twilio tells of a call. Twilio signs what it tells with the auth token of the account that owns the
 * call, and any replica must be able to check that with nothing at hand but the request. So the token travels in the
 * address itself, sealed (AES-256-GCM) under a key that only holders of the main account's token can derive.
 *
 * Who reads the address in a log cannot read the token. Who knows a sub-account's token, a tenant say, can sign requests,
 * but cannot write a seal: each is bound to one call, one account and one kind of callback.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Who tells: the leg's own progress, or the Dial that holds leg B. */
export const CALLBACK_SOURCES = ['A', 'B', 'dial'] as const;
export type CallbackSource = (typeof CALLBACK_SOURCES)[number];

/** What a seal belongs to. */
export interface SealedFor {
  readonly callSid: string;
  readonly accountSid: string;
  readonly source: CallbackSource;
}

export type SealKey = Buffer;

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Twilio's own switch, in the fragment: three more attempts, whatever went wrong. Without it Twilio tries again only where
 * it could not connect, and a fact that came while our database was away would be lost.
 */
export const TRY_AGAIN = '#rc=3&rp=all';

export const sealKeyOf = (mainAuthToken: string): SealKey =>
  Buffer.from(hkdfSync('sha256', mainAuthToken, '', 'ringback twilio callback url', 32));

const boundTo = ({ callSid, accountSid, source }: SealedFor): Buffer =>
  Buffer.from(JSON.stringify([callSid, accountSid, source]));

export const sealToken = (key: SealKey, authToken: string, owner: SealedFor): string => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(owner));
  const sealed = Buffer.concat([cipher.update(authToken, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
};

/** @returns null where it is no seal of ours for this call, account and source */
export const openSeal = (key: SealKey, seal: string, owner: SealedFor): string | null => {
  const bytes = Buffer.from(seal, 'base64url');
  if (bytes.length <= NONCE_BYTES + TAG_BYTES) return null;
  const end = bytes.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(boundTo(owner))
    .setAuthTag(bytes.subarray(end));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
};

/**
 * Every character of it stays as it is on its way through Twilio and proxies: the signature is over the characters. The
 * parameters are in alphabetical order, because some proxies sort them.
 */
export const callbackUrl = (publicUrl: string, key: SealKey, authToken: string, owner: SealedFor): string => {
  const query = new URLSearchParams({
    callSid: owner.callSid,
    seal: sealToken(key, authToken, owner),
    source: owner.source,
  });
  return `${publicUrl}/v1/webhooks/twilio?${query.toString()}${TRY_AGAIN}`;
};
