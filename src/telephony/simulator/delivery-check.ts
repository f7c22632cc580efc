/** Verifies that a webhook comes from the simulator, on the raw bytes and before they are parsed. */
import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { WebhookVerificationError, type Webhook } from 'standardwebhooks';
import type { WebhookReading, WebhookRequest } from '../telephony-provider.js';

export type CheckedDelivery =
  | { readonly kind: 'genuine'; readonly eventId: string; readonly receipt: string }
  | Extract<WebhookReading, { kind: 'forged' }>;

/** @param accepted one for each secret in use; several while a secret is being replaced */
export const checkDelivery = (accepted: readonly Webhook[], { headers, body }: WebhookRequest): CheckedDelivery => {
  // The library signs text, and all invalid UTF-8 would be the same text to it.
  if (!isUtf8(body)) return { kind: 'forged', reason: 'The body is not UTF-8.' };
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
 * A digest of the signed content, not of the signature header. The header can be written in many valid ways (another
 * signature beside it, a time with a leading zero), and each would count as a separate delivery.
 */
const receiptOf = (eventId: string, timestamp: string, body: Buffer): string =>
  createHash('sha256')
    .update(`${eventId}.${parseInt(timestamp, 10)}.`)
    .update(body)
    .digest('base64url');
