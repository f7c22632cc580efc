/** scripts/run.mjs in a repository of three files, with a fake npm and a fake build that only count their runs. */
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { endOf, REPOSITORY, startNode, type Ending } from '../support/node-process.js';

const BUILD = `
import { appendFileSync, cpSync, rmSync } from 'node:fs';
appendFileSync('counted', 'build ');
rmSync('dist', { recursive: true, force: true });
cpSync('src', 'dist/src', { recursive: true });
`;

const NPM = `#!/bin/sh
[ "$1" = ci ] || exit 9
printf 'install ' >> counted
rm -rf node_modules
[ -e install-fails ] && exit 1
mkdir -p node_modules/@nestjs/cli/bin
cp build.mjs node_modules/@nestjs/cli/bin/nest.js
mkdir -p node_modules/vite/bin
cp build-desk.mjs node_modules/vite/bin/vite.js
`;

const BUILD_DESK = `
import { appendFileSync, cpSync } from 'node:fs';
appendFileSync('counted', 'desk ');
cpSync(process.argv[3], process.argv[5], { recursive: true });
`;

const HELLO = `console.log(process.argv.slice(2).join('+'));`;

describe('scripts/run.mjs', () => {
  let repository: string;

  const write = async (name: string, text: string): Promise<void> => {
    const file = join(repository, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  };

  const run = (...options: string[]): Promise<Ending> =>
    endOf(
      startNode(join(repository, 'scripts/run.mjs'), options, {
        environment: { PATH: `${join(repository, 'bin')}:/usr/bin:/bin`, HOME: '' },
      }),
    );

  const counted = async (): Promise<string> => (await readFile(join(repository, 'counted'), 'utf8')).trim();

  beforeEach(async () => {
    repository = await mkdtemp(join(tmpdir(), 'ringback clone '));
    await mkdir(join(repository, 'scripts'));
    await copyFile(join(REPOSITORY, 'scripts/run.mjs'), join(repository, 'scripts/run.mjs'));
    await write('package.json', '{ "type": "module" }');
    await write('package-lock.json', '{}');
    await write('.npmrc', '');
    await write('build.mjs', BUILD);
    await write('build-desk.mjs', BUILD_DESK);
    await write('src/cli/hello.js', HELLO);
    await write('bin/npm', NPM);
    await chmod(join(repository, 'bin/npm'), 0o755);
  });

  afterEach(() => rm(repository, { recursive: true, force: true }));

  it('installs, builds and runs on a fresh clone, and afterwards only runs', async () => {
    const first = await run('cli/hello', 'one', '--two');
    const second = await run('cli/hello', 'three');

    expect(first).toEqual({ code: 0, output: 'one+--two\n', complaint: 'Installing dependencies …\nBuilding …\n' });
    expect(second).toEqual({ code: 0, output: 'three\n', complaint: '' });
    expect(await counted()).toBe('install build');
  });

  it('builds again when a source was changed, added or removed', async () => {
    await run();
    await write('src/cli/hello.js', `${HELLO}// changed`);
    await run();
    await write('src/added.js', '');
    await run();
    await rm(join(repository, 'src/added.js'));
    await run();

    expect(await counted()).toBe('install build build build build');
  });

  it('installs again when the lock file was changed', async () => {
    await run();
    await write('package-lock.json', '{ "changed": true }');

    await run();

    expect(await counted()).toBe('install build install build');
  });

  it('installs again after a failed installation', async () => {
    await write('install-fails', '');
    const failed = await run('cli/hello');
    await rm(join(repository, 'install-fails'));

    const { code, output } = await run('cli/hello', 'again');

    expect([failed.code, failed.output]).toEqual([1, '']);
    expect(failed.complaint).toMatch(/npm ci failed\.\n$/);
    expect([code, output]).toEqual([0, 'again\n']);
  });

  it('installs and builds once when several start concurrently', async () => {
    const endings = await Promise.all(Array.from({ length: 5 }, (_, index) => run('cli/hello', String(index))));

    expect(endings.map(({ code, output }) => [code, output])).toEqual(endings.map((_, index) => [0, `${index}\n`]));
    expect(await counted()).toBe('install build');
  });

  describe('with a desk', () => {
    const builds = async (): Promise<string[]> => (await counted()).split(' ').sort();
    const page = (): Promise<string> => readFile(join(repository, 'dist/desk/index.html'), 'utf8');

    beforeEach(() => write('web/index.html', 'first'));

    it('builds it, and again only if it was changed', async () => {
      await run();
      await run();
      expect([await builds(), await page()]).toEqual([['build', 'desk', 'install'], 'first']);

      await write('web/index.html', 'second');
      await run();

      expect([await builds(), await page()]).toEqual([['build', 'desk', 'desk', 'install'], 'second']);
    });

    it('keeps it while the service is built again', async () => {
      await run();
      await write('src/added.js', '');

      await run();

      expect([await builds(), await page()]).toEqual([['build', 'build', 'desk', 'install'], 'first']);
    });
  });

  it('takes over the lock of a killed run', async () => {
    // A pid that no process can have.
    await write('.preparing/lock', '99999999');

    expect((await run('cli/hello', 'alive')).output).toBe('alive\n');
  });
});
