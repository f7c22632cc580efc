/**
 * The URLs of Twilio's callbacks. Twilio signs a callback with the auth token of the account that owns the call. Any
 * replica must be able to verify that from the request alone. So the URL contains the token, sealed (AES-256-GCM) under
 * a key that can be derived only from the main account's token.
 * A reader of a logged URL cannot read the token. The owner of a sub-account's token, such as a tenant, can sign
 * requests but cannot create a seal: each seal is bound to one call, one account and one kind of callback.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/**
 * The sender of a callback: the progress of leg A or B, the Gather that asks leg A for a key, the Dial that connects leg B,
 * or the machine detection of leg B.
 */
export const CALLBACK_SOURCES = ['A', 'B', 'confirm', 'dial', 'machine'] as const;
export type CallbackSource = (typeof CALLBACK_SOURCES)[number];

/** What a seal is bound to. */
export interface SealedFor {
  readonly callSid: string;
  readonly accountSid: string;
  /** `then` for what the URL says is to follow. */
  readonly source: CallbackSource | 'then';
  /** Of a hunt: which number, of how many. */
  readonly hunt?: HuntPlace | undefined;
}

export interface HuntPlace {
  /** From 1. */
  readonly place: number;
  readonly of: number;
}

const writePlace = ({ place, of }: HuntPlace): string => `${place}.${of}`;

/** Undefined if the text is none of ours. */
export const readPlace = (text: string | null): HuntPlace | undefined => {
  const [, place, of] = /^([1-9]\d?)\.([1-9]\d?)$/.exec(text ?? '') ?? [];
  return place === undefined || of === undefined ? undefined : { place: Number(place), of: Number(of) };
};

export type SealKey = Buffer;

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export const sealKeyOf = (mainAuthToken: string): SealKey =>
  Buffer.from(hkdfSync('sha256', mainAuthToken, '', 'ringback twilio callback url', 32));

const boundTo = ({ callSid, accountSid, source, hunt }: SealedFor): Buffer =>
  Buffer.from(JSON.stringify([callSid, accountSid, source, ...(hunt ? [writePlace(hunt)] : [])]));

export const sealToken = (key: SealKey, authToken: string, owner: SealedFor): string => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(owner));
  const sealed = Buffer.concat([cipher.update(authToken, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
};

/** @returns the auth token; null if this is not our seal for this call, account and source */
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

/** Part of a dialect. */
interface CallbackForm {
  /** The provider's name. */
  readonly name: string;
  /** What the URL contains, sealed. */
  readonly sealed: (secret: string) => string;
  /** Ends the URL: the company reads it as instructions to itself, and does not send it. */
  readonly urlFragment: string;
}

/**
 * Each character must pass Twilio and proxies unchanged, because the signature covers the characters. The parameters
 * are in alphabetical order, because some proxies sort them.
 */
export const callbackUrl = (
  { name, sealed, urlFragment }: CallbackForm,
  publicUrl: string,
  key: SealKey,
  secret: string,
  owner: SealedFor,
  then?: string,
): string => {
  const query = new URLSearchParams({
    callSid: owner.callSid,
    ...(owner.hunt && { hunt: writePlace(owner.hunt) }),
    seal: sealToken(key, sealed(secret), owner),
    source: owner.source,
    ...(then !== undefined && { then: sealToken(key, then, { ...owner, source: 'then' }) }),
  });
  return `${publicUrl}/v1/webhooks/${name}?${query.toString()}${urlFragment}`;
};
