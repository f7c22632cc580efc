/**
 * Telnyx's signature: Ed25519 over the time, a `|` and the bytes of the body. It does not cover the URL; the seal in the
 * URL does that (callback-url.ts). Retries may have a new time, so the time is no receipt.
 */
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { faultOfSize, type SignatureKeys, type SignedCallback } from './signature.js';

/** As Telnyx's own packages have it. */
const CLOCKS_DIFFER_SECONDS = 300;

/** The DER form of an Ed25519 key, before its 32 bytes (RFC 8410). */
const DER_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** @param publicKey base64 of 32 bytes */
const readPublicKey = (publicKey: string): KeyObject =>
  createPublicKey({
    key: Buffer.concat([DER_PREFIX, Buffer.from(publicKey, 'base64')]),
    format: 'der',
    type: 'spki',
  });

/** @param keys the account's public keys */
export const faultOfTelnyxSignature = (callback: SignedCallback, { signingKeys }: SignatureKeys): string | null => {
  const { headers, body, now } = callback;
  const tooLong = faultOfSize(callback);
  if (tooLong !== null) return tooLong;
  const timestamp = headers['telnyx-timestamp'] ?? '';
  if (!/^\d{1,12}$/.test(timestamp)) return 'telnyx-timestamp is missing or no time';
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > CLOCKS_DIFFER_SECONDS) {
    return `telnyx-timestamp is more than ${CLOCKS_DIFFER_SECONDS} s away from this clock`;
  }
  const signature = Buffer.from(headers['telnyx-signature-ed25519'] ?? '', 'base64');
  const signed = Buffer.concat([Buffer.from(`${timestamp}|`), body]);
  return signingKeys.some((key) => verify(null, signed, readPublicKey(key), signature))
    ? null
    : 'telnyx-signature-ed25519 does not fit; is TELNYX_PUBLIC_KEY the key of the account?';
};
