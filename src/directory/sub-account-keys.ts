import type { FactoryProvider } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSecretFile } from '../common/secret-file.js';
import { CONFIG, type Config } from '../config/config.js';
import { readKeyRing, type KeyRing } from '../config/key-ring.js';

/** Injection token of the KeyRing for sub-accounts' secrets. */
export const SUB_ACCOUNT_KEYS = Symbol('SubAccountKeys');

export const subAccountKeys: FactoryProvider<KeyRing> = {
  provide: SUB_ACCOUNT_KEYS,
  inject: [CONFIG],
  useFactory: ({ subAccountKeys }: Config) => {
    if (!subAccountKeys) throw new Error('the configuration names no keys for the secrets of sub-accounts');
    return subAccountKeys;
  },
};

/**
 * The embedded default's own key: created once, at random, and stored in the format of SUB_ACCOUNT_KEYS, so that it can
 * be passed on when the data moves. Its name distinguishes it from the key of any other data directory.
 */
export const ensureSubAccountKeys = async (dataDir: string): Promise<KeyRing> => {
  const file = join(dataDir, 'sub-account-keys');
  await makeSecretFile(file, `embedded-${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`);
  try {
    return readKeyRing(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new Error(`${file} cannot be used: ${(cause as Error).message}.`, { cause });
  }
};
