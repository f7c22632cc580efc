/**
 * Who may tell us of calls. Yuntongxun signs nothing, so the path that only it was told stands in for a signature, and
 * where the operator knows its addresses, they count too. Looked at before the body is.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isWithin, readAddress, type AddressRange } from '../../common/address-ranges.js';
import type { WebhookRequest } from '../telephony-provider.js';

export interface Door {
  readonly webhookToken: string;
  /** Everybody's where there are none. */
  readonly allowedAddresses: readonly AddressRange[];
}

const ABOVE_TOKEN = '/v1/webhooks/yuntongxun/';

export const webhookPath = (webhookToken: string): string => ABOVE_TOKEN + webhookToken;

/** Fits into a path as it is, and cannot be guessed. */
export const isWebhookToken = (text: string): boolean => /^[\w-]{22,200}$/.test(text);

/** @returns why the request is not let in; null where it is. Says nothing of what was right about it. */
export const faultAtDoor = (
  { target, address }: Pick<WebhookRequest, 'target' | 'address'>,
  { webhookToken, allowedAddresses }: Door,
): string | null => {
  const [path = ''] = target.split('?', 1);
  if (!isSame(path, webhookPath(webhookToken))) return 'The path is not the one that Yuntongxun was told.';
  if (allowedAddresses.length > 0 && !isWithin(readAddress(address), allowedAddresses)) {
    return 'It comes from an address that is not among YUNTONGXUN_ALLOWED_ADDRESSES.';
  }
  return null;
};

/** In a time that tells nothing, neither of the text nor of its length. */
const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
