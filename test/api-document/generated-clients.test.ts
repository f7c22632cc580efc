/**
 * Clients that are generated from openapi.json compile without a change, and work. The programs in `clients` are examples
 * of a backend.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../support/node-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const run = promisify(execFile);
const MODULES = join(REPOSITORY, 'node_modules');
const DOCUMENT = join(REPOSITORY, 'docs/openapi.json');

let folder: string;
let service: TestApp;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringback-clients-'));
  await symlink(MODULES, join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await cp(join(REPOSITORY, 'test/api-document/clients'), folder, { recursive: true });
  service = await startTestApp();
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true });
});

const compile = async (program: string): Promise<void> => {
  const options = '--strict --noUncheckedIndexedAccess --target es2022 --module nodenext --types node --outDir dist';
  const tsc = [join(MODULES, 'typescript/bin/tsc'), ...options.split(' '), program];
  await run(process.execPath, tsc, { cwd: folder }).catch((error: unknown) => {
    throw new Error((error as { readonly stdout: string }).stdout);
  });
};

const outcomeOf = async (program: string): Promise<unknown> => {
  const tokens = [await service.token('1001', 'admin'), await service.token('9001', 'calls:write')];
  const { stdout } = await run(process.execPath, [join(folder, 'dist', program), service.url, ...tokens]);
  return JSON.parse(stdout);
};

it('a client with openapi-typescript and openapi-fetch compiles and works', async () => {
  await run(process.execPath, [
    join(MODULES, 'openapi-typescript/bin/cli.js'),
    DOCUMENT,
    '-o',
    join(folder, 'types.ts'),
  ]);

  await compile('with-openapi-fetch.ts');

  expect(await outcomeOf('with-openapi-fetch.js')).toEqual({ endReason: 'busy', cause: 17, ticket: '4711' });
});

it('a client with hey-api compiles and works', async () => {
  const { createClient } = await import('@hey-api/openapi-ts');
  await createClient({
    input: DOCUMENT,
    output: { path: join(folder, 'generated'), importFileExtension: '.js' },
    logs: { level: 'silent' },
  });

  await compile('with-hey-api.ts');

  expect(await outcomeOf('with-hey-api.js')).toEqual({ endReason: 'no_answer', cause: 19, ticket: '4711', found: 1 });
});
