/** The tables of version 0.1.0 are the first partitions. A statement that names one would miss all later calls. */
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const SOURCE = resolve(import.meta.dirname, '../../src');

/** Looks for the tables of a version that may not have been migrated yet. */
const OF_BEFORE = ['database/migrate.ts'];

it('no statement names a first partition instead of the partitioned table', async () => {
  const names = (await readdir(SOURCE, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const wrong: string[] = [];
  for (const name of names) {
    if (OF_BEFORE.includes(name)) continue;
    const text = await readFile(resolve(SOURCE, name), 'utf8');
    const found = /\b(?:call_record|call_event|webhook_delivery|webhook_attempt)\b/.exec(text);
    if (found) wrong.push(`${name}: ${found[0]}`);
  }
  expect(names.length).toBeGreaterThan(300);
  expect(wrong).toEqual([]);
});
