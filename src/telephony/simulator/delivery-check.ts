/** Whether a webhook comes from the simulator: the raw bytes are looked at here, and understood only afterwards. */
import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { WebhookVerificationError, type Webhook } from 'standardwebhooks';
import type { WebhookReading, WebhookRequest } from '../telephony-provider.js';

export type CheckedDelivery =
  | { readonly kind: 'genuine'; readonly eventId: string; readonly receipt: string }
  | Extract<WebhookReading, { kind: 'forged' }>;

/** @param accepted one for each secret in use; more than one while a secret is being replaced */
export const checkDelivery = (accepted: readonly Webhook[], { headers, body }: WebhookRequest): CheckedDelivery => {
  // The library signs text: bytes that are none would all look alike to it.
  if (!isUtf8(body)) return { kind: 'forged', reason: 'The body is not UTF-8, which all of ours are.' };
  const faults = accepted.map((webhook) => faultOf(webhook, headers, body));
  if (!faults.includes(null)) {
    return { kind: 'forged', reason: `${faults[0] ?? 'No secret is accepted'}; see the webhook-* headers.` };
  }
  const eventId = headers['webhook-id'] ?? '';
  return { kind: 'genuine', eventId, receipt: receiptOf(eventId, headers['webhook-timestamp'] ?? '', body) };
};

const faultOf = (webhook: Webhook, headers: Readonly<Record<string, string>>, body: Buffer): string | null => {
  try {
    webhook.verify(body, { ...headers }, { jsonParse: false });
    return null;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return error.message;
    throw error;
  }
};

/**
 * A digest of what is signed, and not the signature's header: that one can be written in many ways (another signature
 * beside it, a time with a leading zero) and still be right, and each would pass for a delivery of its own.
 */
const receiptOf = (eventId: string, timestamp: string, body: Buffer): string =>
  createHash('sha256')
    .update(`${eventId}.${parseInt(timestamp, 10)}.`)
    .update(body)
    .digest('base64url');
