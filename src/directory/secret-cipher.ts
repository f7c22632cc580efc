/**
 * Encrypts sub-accounts' secrets: AES-256-GCM, stored as the base64 of nonce, ciphertext and tag. Random nonces are
 * safe for 2^32 secrets per key (NIST SP 800-38D, 8.3), far more than any directory has.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { counter } from '../common/metrics.js';
import type { KeyRing } from '../config/key-ring.js';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const failures = counter({
  name: 'ringback_secrets_unreadable_total',
  help: 'Failed attempts to decrypt the secret of a sub-account: SUB_ACCOUNT_KEYS has no key for it, or the wrong one.',
});

/** The owner of a secret. */
export interface SecretOwner {
  readonly userId: string;
  readonly provider: string;
}

export interface StoredSecret {
  readonly secret: string;
  /** Null if the secret is not encrypted, as in early versions. */
  readonly keyName: string | null;
}

export const encryptSecret = (secret: string, owner: SecretOwner, [{ name, key }]: KeyRing): StoredSecret => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(placeOf(owner));
  const ciphertext = [cipher.update(secret, 'utf8'), cipher.final()];
  return { secret: Buffer.concat([nonce, ...ciphertext, cipher.getAuthTag()]).toString('base64'), keyName: name };
};

/** @throws Error that names the owner and the key, and contains nothing of the secret */
export const decryptSecret = ({ secret, keyName }: StoredSecret, owner: SecretOwner, keys: KeyRing): string => {
  if (keyName === null) return secret;
  const key = keys.find(({ name }) => name === keyName)?.key;
  if (!key) throw unreadable(owner, `SUB_ACCOUNT_KEYS holds no key ${keyName}`);
  const bytes = Buffer.from(secret, 'base64');
  try {
    const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(placeOf(owner))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch (cause) {
    throw unreadable(owner, `it is not what the key ${keyName} has encrypted for it`, cause);
  }
};

/** Authenticated data, so that a secret that was encrypted for one row is rejected in any other. */
const placeOf = ({ userId, provider }: SecretOwner): Buffer => Buffer.from(`sub_account.secret ${userId} ${provider}`);

const unreadable = ({ userId, provider }: SecretOwner, why: string, cause?: unknown): Error => {
  failures.inc();
  return new Error(`The secret of user ${userId}’s sub-account at ${provider} cannot be read: ${why}`, { cause });
};
