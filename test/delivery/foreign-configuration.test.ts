/** The library of the queue is loaded in folders of strangers: it must take no configuration from them. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { REPOSITORY } from '../support/node-process.js';

const run = promisify(execFile);
const LIBRARY = pathToFileURL(join(REPOSITORY, 'dist/src/postgres/graphile-worker.js')).href;

it('the queue ignores what lies in the working folder and above it, and stays there', async () => {
  const above = await mkdtemp(join(tmpdir(), 'ringback folder '));
  const folder = join(above, 'ringback');
  await mkdir(folder);
  await mkdir(join(above, '.config'));
  await writeFile(join(above, '.config/graphile-workerrc'), 'no configuration: {');

  const program = `await import(${JSON.stringify(LIBRARY)}); process.stdout.write(process.cwd())`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder });

  expect(stdout).toBe(folder);
  await rm(above, { recursive: true });
});
