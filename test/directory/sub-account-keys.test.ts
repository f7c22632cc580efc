import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKeyRing } from '../../src/config/key-ring.js';
import { ensureSubAccountKeys } from '../../src/directory/sub-account-keys.js';

let folder: string;
let dataDir: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringback keys '));
  dataDir = join(folder, 'data');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

it('sub-account keys are created once, readable only for their owner, in the format of the setting', async () => {
  const first = await ensureSubAccountKeys(dataDir);
  const second = await ensureSubAccountKeys(dataDir);

  const file = join(dataDir, 'sub-account-keys');
  const written = readKeyRing(await readFile(file, 'utf8'));
  for (const ring of [second, written]) {
    expect(ring.map(({ name }) => name)).toEqual([first[0].name]);
    expect(ring[0].key.equals(first[0].key)).toBe(true);
  }
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(dataDir)).toEqual(['sub-account-keys']);
});

it('sub-account keys differ in another folder, with other names', async () => {
  const [[one], [other]] = [await ensureSubAccountKeys(dataDir), await ensureSubAccountKeys(join(folder, 'other'))];

  expect(one.name).not.toBe(other.name);
  expect(one.key.equals(other.key)).toBe(false);
});

it('truncated sub-account keys are refused, without their value in the error', async () => {
  await ensureSubAccountKeys(dataDir);
  const file = join(dataDir, 'sub-account-keys');
  await writeFile(file, 'embedded-1:c2hvcnQ=');

  await expect(ensureSubAccountKeys(dataDir)).rejects.toThrow(
    `${file} cannot be used: expected name:key, the key 32 bytes in base64, comma-separated.`,
  );
});
