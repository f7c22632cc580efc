import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const pathIn = (dataDir: string): string => join(dataDir, 'jwt-secret');

/**
 * The embedded default's own key for access tokens: made once, at random, readable by its owner only. Nothing outside
 * the data directory knows it.
 */
export const ensureSigningSecret = async (dataDir: string): Promise<string> => {
  await mkdir(dataDir, { recursive: true });
  const draft = `${pathIn(dataDir)}.${process.pid}`;
  await writeFile(draft, randomBytes(32).toString('base64url'), { mode: 0o600 });
  try {
    // A link is there with its content or not at all: a process that is killed here leaves no secret that is cut short.
    await link(draft, pathIn(dataDir));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readSigningSecret(dataDir);
};

/** @throws Error with a sentence for whoever wants a token */
export const readSigningSecret = async (dataDir: string): Promise<string> => {
  const secret = await readFile(pathIn(dataDir), 'utf8').catch((cause: unknown) => {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Error(
      code === 'ENOENT' ? `There is no secret in ${dataDir} yet: the first npm start makes it.` : message,
      {
        cause,
      },
    );
  });
  if (Buffer.byteLength(secret) < 32) throw new Error(`${pathIn(dataDir)} is too short; remove it to have a new one.`);
  return secret;
};
