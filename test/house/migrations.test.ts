/** What a rolling upgrade requires of every migration: the previous version keeps running on the new schema. */
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const FOLDER = resolve(import.meta.dirname, '../../migrations');

/** Later migrations set a lock_timeout. Earlier ones were released without it. */
const LAST_WITHOUT_LOCK_TIMEOUT = '1764500000000';

const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.ts')).sort();

describe.each(names)('migration %s', (name) => {
  let text: string;

  beforeAll(async () => {
    text = await readFile(resolve(FOLDER, name), 'utf8');
  });

  it('states in its first line whether the running version survives it', () => {
    const [first] = text.split('\n');

    expect(first).toMatch(
      /^\/\/ (?:The running version survives it\b|The running version does not survive it\b|No earlier version:)/,
    );
  });

  it('names its constraints', () => {
    expect(text.replaceAll(/constraint\s+[\w${}]+\s+(?:primary key|unique|check|foreign key)/g, '')).not.toMatch(
      /(?:primary key|unique|check|foreign key)\s*\(|references \w+\s*,/,
    );
  });

  if (name.slice(0, LAST_WITHOUT_LOCK_TIMEOUT.length) > LAST_WITHOUT_LOCK_TIMEOUT) {
    it('sets a lock_timeout, or runs concurrently', () => {
      const isConcurrent = /readonly transaction = false/.test(text);

      if (isConcurrent) expect(text).toContain('concurrently');
      else expect(text).toMatch(/async up\(.*\{\s*await queryRunner\.query\(`set local lock_timeout = '\d+m?s'`\)/);
    });

    it('creates an index on an existing table concurrently', () => {
      const made = [...text.matchAll(/create table (\w+)/g)].map(([, table]) => table);
      const indexed = [...text.matchAll(/create (?:unique )?index (?!concurrently)\w+\s+on ([\w.]+)/g)];

      expect(indexed.map(([, table]) => table).filter((table) => !made.includes(table))).toEqual([]);
    });
  }
});
