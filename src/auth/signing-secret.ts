import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSecretFile } from '../common/secret-file.js';
import type { Config } from '../config/config.js';
import { textOf } from '../config/secret-files.js';

const pathIn = (dataDir: string): string => join(dataDir, 'jwt-secret');

/**
 * The signing key of the embedded default: created once, at random, and readable only by its owner. It exists only in
 * the data directory.
 */
export const ensureSigningSecret = async (dataDir: string): Promise<string> => {
  await makeSecretFile(pathIn(dataDir), randomBytes(32).toString('base64url'));
  return readSigningSecret(dataDir);
};

/**
 * The secret that the command-line tools sign with: the first of JWT_SECRET, or that of the embedded default.
 * @throws Error with a message for the user: an identity provider signs the tokens, or there is no secret yet
 */
export const secretToSignWith = async ({
  jwtSecrets,
  jwtJwksUri,
  dataDir,
}: Pick<Config, 'jwtSecrets' | 'jwtJwksUri' | 'dataDir'>): Promise<string> => {
  if (jwtJwksUri) throw new Error('Tokens are signed elsewhere: JWT_JWKS_URI is set.');
  return jwtSecrets?.[0] ?? readSigningSecret(dataDir);
};

/** @throws Error with a message for the user */
export const readSigningSecret = async (dataDir: string): Promise<string> => {
  const bytes = await readFile(pathIn(dataDir)).catch((cause: unknown) => {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Error(
      code === 'ENOENT'
        ? `There is no secret in ${dataDir} yet: the first npm start makes it, in the DATA_DIR that it has.`
        : message,
      {
        cause,
      },
    );
  });
  const secret = textOf(bytes);
  if (secret === null) throw new Error(`${pathIn(dataDir)} is not UTF-8 text; remove it to get a new one.`);
  if (bytes.length < 32) throw new Error(`${pathIn(dataDir)} is too short; remove it to get a new one.`);
  return secret;
};
