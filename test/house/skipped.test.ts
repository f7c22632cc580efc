/** The summary of skipped tests that a run prints once, at its end, with the command that makes them run. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { noteSkipped } from '../support/skipped.js';

const SUPPORT = resolve(import.meta.dirname, '../support');
/** The summary and the teardown are plain JavaScript. This runs them as jest does. */
const runModule = async (script: string): Promise<string> => {
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: SUPPORT,
  });
  return stderr;
};

describe('the summary of skipped tests', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringback-skipped-'));
    file = join(folder, 'skipped.jsonl');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const summary = () =>
    runModule(
      `import { skippedSummary } from './skipped-summary.mjs'; process.stderr.write(skippedSummary(process.argv[1]));`.replace(
        'process.argv[1]',
        JSON.stringify(file),
      ),
    );

  it('lists each skipped test once, with the command that it needs', async () => {
    noteSkipped('the page', 'there is no Chromium', 'apt-get install chromium', file);
    noteSkipped('calls', 'there is no Asterisk', './fetch-asterisk.sh', file);
    noteSkipped('a form', 'there is no Chromium', 'apt-get install chromium', file);
    noteSkipped('a form', 'there is no Chromium', 'apt-get install chromium', file);

    expect(await summary()).toBe(`
Skipped: there is no Chromium
  ○ a form
  ○ the page
  To run them: apt-get install chromium

Skipped: there is no Asterisk
  ○ calls
  To run them: ./fetch-asterisk.sh
`);
  });

  it('is empty if no test was skipped', async () => {
    expect(await summary()).toBe('');
  });

  it('is the last output of the global teardown', async () => {
    noteSkipped('calls', 'there is no Asterisk', './fetch-asterisk.sh', file);
    const script = `
      import teardown from './global-teardown.mjs';
      const stop = async () => process.stderr.write('PostgreSQL has stopped');
      process.env.RINGBACK_TEST_SKIPPED = ${JSON.stringify(file)};
      globalThis.testPostgres = { server: { stop }, dataDir: ${JSON.stringify(folder)} };
      await teardown();`;

    expect(await runModule(script)).toBe(
      'PostgreSQL has stopped\nSkipped: there is no Asterisk\n  ○ calls\n  To run them: ./fetch-asterisk.sh\n',
    );
  });
});
