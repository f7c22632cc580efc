/**
 * Twilio's signature over the public URL and the fields. By default it is made with the account's auth token. If a
 * webhook rule of the account names a SharedKey, it is made with that key, and a header names the algorithm. The signed
 * content is the same (twilio.com/docs/usage/webhooks/webhook-shared-keys; twilio 6.3.1).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import twilio from 'twilio';

export interface SignatureKeys {
  /** From the callback's URL. */
  readonly sealed: string;
  /** From the settings. */
  readonly signingKeys: readonly string[];
}

export interface SignedCallback {
  readonly headers: Readonly<Record<string, string>>;
  /** The URL may have been signed in any of these forms. */
  readonly urls: readonly string[];
  readonly fields: URLSearchParams;
  readonly body: Buffer;
  readonly now: Date;
}

/** `key=…,algorithm=…`. The key's id is ignored: there are few keys, and all are tried. */
const SETTINGS_HEADER = 'x-twilio-webhooks-signature-settings';
const HASHES: ReadonlyMap<string, string> = new Map([
  ['HMAC_SHA1', 'sha1'],
  ['HMAC_SHA256', 'sha256'],
]);

/**
 * Twilio sends about 40. The check sorts and joins them, which would take seconds for the 15,000 that fit into a body. A
 * sender who has read one callback URL gets this far without a key.
 */
const MAX_FIELDS = 200;

/** A fault of any callback, before its signature is computed. */
export const faultOfSize = ({ fields }: SignedCallback): string | null =>
  fields.size > MAX_FIELDS ? `It has more than ${MAX_FIELDS} fields` : null;

/** @param keys the auth token is sealed; the signing keys are the SharedKeys */
export const faultOfTwilioSignature = (
  callback: SignedCallback,
  { sealed: authToken, signingKeys: sharedKeys }: SignatureKeys,
): string | null => {
  const tooLong = faultOfSize(callback);
  if (tooLong !== null) return tooLong;
  const settings = callback.headers[SETTINGS_HEADER];
  if (settings === undefined) {
    return isSignedWithToken(callback, authToken, 'x-twilio-signature')
      ? null
      : 'X-Twilio-Signature does not fit; is PUBLIC_URL the address that Twilio sees?';
  }
  if (sharedKeys.length === 0) return 'It is signed with a SharedKey, and TWILIO_SHARED_KEYS is not set';
  const hash = HASHES.get(algorithmIn(settings));
  if (hash === undefined) return 'The algorithm of X-Twilio-Webhooks-Signature-Settings is not known';
  return sharedKeys.some((key) => isSignedWithKey(callback, key, hash))
    ? null
    : 'X-Twilio-Signature fits none of TWILIO_SHARED_KEYS; is PUBLIC_URL the address that Twilio sees?';
};

const ALGORITHM = 'algorithm=';

const algorithmIn = (settings: string): string => {
  const parts = settings.split(',').map((part) => part.trim());
  return (
    parts
      .find((part) => part.startsWith(ALGORITHM))
      ?.slice(ALGORITHM.length)
      .trim() ?? ''
  );
};

/** @param header in lower case */
export const isSignedWithToken = (
  { headers, urls, fields }: SignedCallback,
  authToken: string,
  header: string,
): boolean => {
  const values = Object.fromEntries(namesOf(fields).map((name) => [name, fields.getAll(name)]));
  return urls.some((url) => twilio.validateRequest(authToken, headers[header] ?? '', url, values));
};

const isSignedWithKey = ({ headers, urls, fields }: SignedCallback, key: string, hash: string): boolean => {
  const given = Buffer.from(headers['x-twilio-signature'] ?? '', 'base64');
  const signed = namesOf(fields)
    .sort()
    .flatMap((name) => [...new Set(fields.getAll(name))].sort().map((value) => name + value))
    .join('');
  return urls
    .flatMap((url) => [url, withPort(url)])
    .some((url) => {
      const expected = createHmac(hash, key)
        .update(url + signed, 'utf8')
        .digest();
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
};

const namesOf = (fields: URLSearchParams): string[] => [...new Set(fields.keys())];

/** Twilio may include the scheme's default port in the signed URL. */
const withPort = (url: string): string =>
  url.replace(/^(https?):\/\/([^/:]+)(?=\/)/, (whole, scheme: string) => `${whole}:${scheme === 'https' ? 443 : 80}`);
