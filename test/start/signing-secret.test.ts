import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureSigningSecret, readSigningSecret } from '../../src/auth/signing-secret.js';

describe('the signing secret of the embedded default', () => {
  let folder: string;
  let dataDir: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringback secret '));
    dataDir = join(folder, 'data');
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is created once, is long enough, and is readable only for its owner', async () => {
    const first = await ensureSigningSecret(dataDir);

    const second = await ensureSigningSecret(dataDir);

    expect(second).toBe(first);
    expect(Buffer.from(first, 'base64url')).toHaveLength(32);
    expect((await stat(join(dataDir, 'jwt-secret'))).mode & 0o777).toBe(0o600);
    expect(await readdir(dataDir)).toEqual(['jwt-secret']);
  });

  it('is different in another folder', async () => {
    const secrets = [await ensureSigningSecret(dataDir), await ensureSigningSecret(join(folder, 'other'))];

    expect(new Set(secrets).size).toBe(2);
  });

  it('is reported as missing with its folder and the command that creates it', async () => {
    await expect(readSigningSecret(dataDir)).rejects.toThrow(
      `There is no secret in ${dataDir} yet: the first npm start makes it, in the DATA_DIR that it has.`,
    );
  });

  it('is refused when it is truncated', async () => {
    await ensureSigningSecret(dataDir);
    const file = join(dataDir, 'jwt-secret');
    await writeFile(file, 'short');

    await expect(ensureSigningSecret(dataDir)).rejects.toThrow(`${file} is too short; remove it to get a new one.`);
  });

  it('is refused when it is not UTF-8', async () => {
    await ensureSigningSecret(dataDir);
    const file = join(dataDir, 'jwt-secret');
    await writeFile(file, Buffer.alloc(32, 0xff));

    await expect(ensureSigningSecret(dataDir)).rejects.toThrow(
      `${file} is not UTF-8 text; remove it to get a new one.`,
    );
  });
});
