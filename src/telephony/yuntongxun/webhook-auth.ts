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

/**
 * What the platform appends to the address that it was given, one for each action; an address that ends in a slash then has
 * two. Looked for from any slash on, and nothing in it repeats, so that a long path costs one pass.
 */
const APPENDED = /\/?(?:\/(CallAuth|CallEstablish|Hangup))?$/;

export const webhookPath = (webhookToken: string): string => ABOVE_TOKEN + webhookToken;

/** Fits into a path as it is, and cannot be guessed. */
export const isWebhookToken = (text: string): boolean => /^[\w-]{22,200}$/.test(text);

/** One answer for both: another one would confirm a token that was guessed. */
const FAULT = 'The path or the address is not one that Yuntongxun uses here.';

/** @returns why the request is not let in; null where it is */
export const faultAtDoor = (
  { target, address }: Pick<WebhookRequest, 'target' | 'address'>,
  { webhookToken, allowedAddresses }: Door,
): string | null => {
  const path = pathOf(target).replace(APPENDED, '');
  // Both are looked at in any case, so that the time tells no more than the answer.
  const isKnownPath = isSame(path, webhookPath(webhookToken));
  const isKnownAddress = allowedAddresses.length === 0 || isWithin(readAddress(address), allowedAddresses);
  return isKnownPath && isKnownAddress ? null : FAULT;
};

/** The action in the address: behind the path, or in the query, where one integrator had it. */
export const actionIn = (target: string): string | null =>
  APPENDED.exec(pathOf(target))?.[1] ?? new URLSearchParams(target.split('?')[1] ?? '').get('action');

const pathOf = (target: string): string => target.split('?', 1)[0] ?? '';

/** In a time that tells nothing, neither of the text nor of its length. */
const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
