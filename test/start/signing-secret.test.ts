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

  it('is made once, long and for its owner alone', async () => {
    const first = await ensureSigningSecret(dataDir);

    const second = await ensureSigningSecret(dataDir);

    expect(second).toBe(first);
    expect(Buffer.from(first, 'base64url')).toHaveLength(32);
    expect((await stat(join(dataDir, 'jwt-secret'))).mode & 0o777).toBe(0o600);
    expect(await readdir(dataDir)).toEqual(['jwt-secret']);
  });

  it('is another one elsewhere', async () => {
    const secrets = [await ensureSigningSecret(dataDir), await ensureSigningSecret(join(folder, 'other'))];

    expect(new Set(secrets).size).toBe(2);
  });

  it('says where it is missing, and who makes it', async () => {
    await expect(readSigningSecret(dataDir)).rejects.toThrow(
      `There is no secret in ${dataDir} yet: the first npm start makes it.`,
    );
  });

  it('is not used when it was cut short', async () => {
    await ensureSigningSecret(dataDir);
    const file = join(dataDir, 'jwt-secret');
    await writeFile(file, 'short');

    await expect(ensureSigningSecret(dataDir)).rejects.toThrow(`${file} is too short; remove it to get a new one.`);
  });

  it('is not used when its bytes are no text', async () => {
    await ensureSigningSecret(dataDir);
    const file = join(dataDir, 'jwt-secret');
    await writeFile(file, Buffer.alloc(32, 0xff));

    await expect(ensureSigningSecret(dataDir)).rejects.toThrow(
      `${file} is not UTF-8 text; remove it to get a new one.`,
    );
  });
});
