import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const pathIn = (dataDir: string): string => join(dataDir, 'jwt-secret');

/**
 * The embedded default's own key for access tokens: made once, at random, readable by its owner only. Nothing outside
 * the data directory knows it.
 */
export const ensureSigningSecret = async (dataDir: string): Promise<string> => {
  await mkdir(dataDir, { recursive: true });
  try {
    await writeFile(pathIn(dataDir), randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readSigningSecret(dataDir);
};

export const readSigningSecret = async (dataDir: string): Promise<string> => {
  const secret = await readFile(pathIn(dataDir), 'utf8');
  if (Buffer.byteLength(secret) < 32) throw new Error(`${pathIn(dataDir)} is too short; remove it to have a new one`);
  return secret;
};
