/**
 * Authenticates webhooks. Yuntongxun signs nothing. So the secret path stands in for a signature, together with the
 * sender's address if the operator has configured the allowed ranges. Checked before the body is parsed.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isWithin, readAddress, type AddressRange } from '../../common/address-ranges.js';
import type { WebhookRequest } from '../telephony-provider.js';

export interface Door {
  readonly webhookToken: string;
  /** If empty, all addresses are allowed. */
  readonly allowedAddresses: readonly AddressRange[];
}

const ABOVE_TOKEN = '/v1/webhooks/yuntongxun/';

/**
 * What the platform appends to the configured URL, by action. A URL with a trailing slash then has two. The pattern has
 * no repetition and may start at any slash, so a long path costs one pass.
 */
const APPENDED = /\/?(?:\/(CallAuth|CallEstablish|Hangup))?$/;

export const webhookPath = (webhookToken: string): string => ABOVE_TOKEN + webhookToken;

/** Fits into a path unchanged, and cannot be guessed. */
export const isWebhookToken = (text: string): boolean => /^[\w-]{22,200}$/.test(text);

/** One message for both: a separate one would confirm a guessed token. */
const FAULT = 'The path or the sender’s address is not allowed.';

/** @returns why the request is refused; null if it is accepted */
export const faultAtDoor = (
  { target, address }: Pick<WebhookRequest, 'target' | 'address'>,
  { webhookToken, allowedAddresses }: Door,
): string | null => {
  const path = pathOf(target).replace(APPENDED, '');
  // Both are always checked, so that the time reveals no more than the reply.
  const isKnownPath = isSame(path, webhookPath(webhookToken));
  const isKnownAddress = allowedAddresses.length === 0 || isWithin(readAddress(address), allowedAddresses);
  return isKnownPath && isKnownAddress ? null : FAULT;
};

/** The action in the URL: after the path, or in the query, where one integrator had it. */
export const actionIn = (target: string): string | null =>
  APPENDED.exec(pathOf(target))?.[1] ?? new URLSearchParams(target.split('?')[1] ?? '').get('action');

const pathOf = (target: string): string => target.split('?', 1)[0] ?? '';

/** Constant time, independent of the text and its length. */
const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
