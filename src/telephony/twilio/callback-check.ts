/** Whether a request comes from Twilio. Twilio signs the public address and each field, not the bytes of the body. */
import { isUtf8 } from 'node:buffer';
import twilio from 'twilio';
import type { WebhookReading, WebhookRequest } from '../telephony-provider.js';
import { CALLBACK_SOURCES, openSeal, TRY_AGAIN, type CallbackSource, type SealKey } from './callback-url.js';

export interface GenuineCallback {
  readonly kind: 'genuine';
  readonly callSid: string;
  readonly source: CallbackSource;
  readonly fields: URLSearchParams;
}

type CheckedCallback = GenuineCallback | Extract<WebhookReading, { kind: 'forged' }>;

/**
 * @param publicUrl what Twilio was told, without a slash at its end. The host and scheme of the request itself are of no
 * interest: they are what the last proxy made of them.
 */
export const checkCallback = (
  { headers, body, target }: WebhookRequest,
  publicUrl: string,
  key: SealKey,
): CheckedCallback => {
  if (!isUtf8(body)) return forged('The body is not UTF-8, which all of Twilio’s are');
  const query = new URLSearchParams(target.split('?', 2)[1] ?? '');
  const fields = new URLSearchParams(body.toString('utf8'));
  const callSid = query.get('callSid') ?? '';
  const source = CALLBACK_SOURCES.find((one) => one === query.get('source'));
  if (source === undefined) return forged('The address is none that Twilio was told');
  const owner = { callSid, source, accountSid: fields.get('AccountSid') ?? '' };
  const authToken = openSeal(key, query.get('seal') ?? '', owner);
  if (authToken === null) return forged('The address is none that Twilio was told for this call and account');
  if (!isSigned(authToken, headers['x-twilio-signature'] ?? '', publicUrl + target, fields)) {
    return forged('X-Twilio-Signature does not fit; is PUBLIC_URL the address that Twilio sees?');
  }
  return { kind: 'genuine', callSid, source, fields };
};

/** Twilio’s pages leave open whether the fragment is signed, so either will do; we know it to the letter. */
const isSigned = (authToken: string, signature: string, url: string, fields: URLSearchParams): boolean => {
  const values = Object.fromEntries([...new Set(fields.keys())].map((name) => [name, fields.getAll(name)]));
  return [url, url + TRY_AGAIN].some((signed) => twilio.validateRequest(authToken, signature, signed, values));
};

const forged = (reason: string): Extract<WebhookReading, { kind: 'forged' }> => ({
  kind: 'forged',
  reason: `${reason}.`,
});
