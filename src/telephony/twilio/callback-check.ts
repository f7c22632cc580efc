/** Verifies that a request comes from Twilio. Twilio signs the public URL and each field, not the bytes of the body. */
import { isUtf8 } from 'node:buffer';
import type { WebhookReading, WebhookRequest } from '../telephony-provider.js';
import { CALLBACK_SOURCES, openSeal, TRY_AGAIN, type CallbackSource, type SealKey } from './callback-url.js';
import { faultOfSignature } from './signature.js';

export interface GenuineCallback {
  readonly kind: 'genuine';
  readonly callSid: string;
  readonly source: CallbackSource;
  readonly fields: URLSearchParams;
  /** The document in the URL, which the reply contains if the caller confirms the call. */
  readonly then?: string;
}

type CheckedCallback = GenuineCallback | Extract<WebhookReading, { kind: 'forged' }>;

/**
 * @param publicUrl the URL that Twilio was given, without a trailing slash. The host and scheme of the request itself
 *   do not count, because the last proxy sets them.
 * @param sharedKeys secrets that may sign instead of the auth token
 */
export const checkCallback = (
  { headers, body, target }: WebhookRequest,
  publicUrl: string,
  key: SealKey,
  sharedKeys: readonly string[],
): CheckedCallback => {
  if (!isUtf8(body)) return forged('The body is not UTF-8');
  const query = new URLSearchParams(target.split('?', 2)[1] ?? '');
  const fields = new URLSearchParams(body.toString('utf8'));
  const callSid = query.get('callSid') ?? '';
  const source = CALLBACK_SOURCES.find((one) => one === query.get('source'));
  if (source === undefined) return forged('The URL is not one that Twilio was given');
  const owner = { callSid, source, accountSid: fields.get('AccountSid') ?? '' };
  const authToken = openSeal(key, query.get('seal') ?? '', owner);
  if (authToken === null) return forged('The URL is not one that Twilio was given for this call and account');
  // Twilio's documentation does not say whether the fragment is signed. So both forms are accepted; the fragment is a
  // constant of ours.
  const urls = [publicUrl + target, publicUrl + target + TRY_AGAIN];
  const fault = faultOfSignature({ headers, urls, fields }, authToken, sharedKeys);
  if (fault !== null) return forged(fault);
  const then = openSeal(key, query.get('then') ?? '', { ...owner, source: 'then' });
  return { kind: 'genuine', callSid, source, fields, ...(then !== null && { then }) };
};

const forged = (reason: string): Extract<WebhookReading, { kind: 'forged' }> => ({
  kind: 'forged',
  reason: `${reason}.`,
});
