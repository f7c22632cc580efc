/** Verifies what Ringback posts to an endpoint (Standard Webhooks 1.0, symmetric signatures). */
import type { webhooks } from './schema.js';

/** A change of a call, or a freeze. A newer Ringback may send other types; ignore those. */
export type WebhookEvent = {
  [Name in keyof webhooks]: webhooks[Name]['post']['requestBody']['content']['application/json'];
}[keyof webhooks];

export interface VerifyOptions {
  /** How far the time of the request may be from ours, in seconds. Default: 300. */
  readonly toleranceSeconds?: number;
}

export class WebhookError extends Error {
  override readonly name = 'WebhookError';
}

type HeaderBag = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * @param headers of the request, as Node, Express, Fastify or fetch have them
 * @param body the bytes as they came; JSON that was parsed and written again has another signature
 * @param secrets `whsec_…`; several while a secret is replaced
 * @returns the event. A repeated delivery has the same `webhook-id`
 * @throws WebhookError if the signature is wrong, or the request too old; answer 401
 */
export const verifyWebhook = async (
  headers: HeaderBag,
  body: string | Uint8Array,
  secrets: string | readonly string[],
  { toleranceSeconds = 300 }: VerifyOptions = {},
): Promise<WebhookEvent> => {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw new TypeError('The body must be the bytes or the text of the request, before it is parsed.');
  }
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  // A tolerance of NaN accepts nothing.
  const isOfNow = Math.abs(Date.now() / 1_000 - Number(timestamp)) <= toleranceSeconds;
  if (!/^\d{1,11}$/.test(timestamp) || !isOfNow) {
    throw new WebhookError('The webhook-timestamp is too far from the time here.');
  }
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const signed = concatenated(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  const signatures = headerOf(headers, 'webhook-signature').split(' ').flatMap(signatureIn);
  for (const secret of typeof secrets === 'string' ? [secrets] : secrets) {
    const key = await crypto.subtle.importKey('raw', keyOf(secret), HMAC, false, ['verify']);
    for (const signature of signatures) {
      // Its comparison takes the same time for every signature.
      if (await crypto.subtle.verify('HMAC', key, signature, signed)) return eventIn(bytes);
    }
  }
  throw new WebhookError('No webhook-signature is of one of the secrets.');
};

const HMAC = { name: 'HMAC', hash: 'SHA-256' };

const headerOf = (headers: HeaderBag, name: string): string => {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value !== 'string' || value === '') throw new WebhookError(`The request has no ${name}.`);
  return value;
};

const keyOf = (secret: string): Uint8Array<ArrayBuffer> => {
  const key = bytesOf(secret.replace(/^whsec_/, ''));
  if (!key || key.length === 0) throw new TypeError('A secret is whsec_ and base64.');
  return key;
};

const signatureIn = (part: string): Uint8Array<ArrayBuffer>[] => {
  const bytes = part.startsWith('v1,') ? bytesOf(part.slice('v1,'.length)) : null;
  return bytes ? [bytes] : [];
};

/** Null if it is not base64. */
const bytesOf = (base64: string): Uint8Array<ArrayBuffer> | null => {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
};

const concatenated = (one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> => {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
};

const eventIn = (bytes: Uint8Array): WebhookEvent => JSON.parse(new TextDecoder().decode(bytes)) as WebhookEvent;
