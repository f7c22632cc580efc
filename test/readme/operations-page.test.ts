/** docs/operations.md lists every line that the source logs at warn or above, at its level, and none that it does not. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../deployment/repository.js';

type Level = 'warn' | 'error' | 'fatal';

/** Calls whose text is handed to them; all other texts stand where they are logged. */
const HANDED_ON: Readonly<Record<string, readonly [Level, string][]>> = {
  'call/reconciliation/sweeper.ts': [
    ['error', 'a call could not be settled'],
    ['error', 'a call could not be closed'],
  ],
  'common/process-end.ts': [
    ['fatal', 'uncaught exception, stopping'],
    ['fatal', 'unhandled rejection, stopping'],
  ],
  // Nest's own.
  'common/logger.ts': [],
};

const CALL = /ogger\.(warn|error|fatal)\(/g;
const LAST_TEXT = /'([^']*)',?\s*$/;

/** What stands between the parentheses of a call. */
const argumentsFrom = (source: string, start: number): string => {
  let depth = 1;
  let end = start;
  for (; depth > 0; end++) {
    if ('([{'.includes(source[end]!)) depth++;
    if (')]}'.includes(source[end]!)) depth--;
  }
  return source.slice(start, end - 1);
};

const linesIn = (file: string, source: string): [Level, string][] => {
  const handedOn = HANDED_ON[file];
  for (const [, text] of handedOn ?? []) expect(source).toContain(`'${text}'`);
  const found = [...source.matchAll(CALL)].flatMap((call): [Level, string][] => {
    const text = LAST_TEXT.exec(argumentsFrom(source, call.index + call[0].length))?.[1];
    if (text === undefined && !handedOn) throw new Error(`${file} logs a text that does not stand there`);
    return text === undefined ? [] : [[call[1] as Level, text]];
  });
  return [...found, ...(handedOn ?? [])];
};

const shown = (lines: readonly (readonly [Level, string])[]): string[] =>
  [...new Set(lines.map(([level, text]) => `${level}: ${text}`))].sort();

it('the page of what the log says and the source tell the same', async () => {
  const folder = join(REPOSITORY, 'src');
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const logged = await Promise.all(
    files.map(async (file) => linesIn(file, await readFile(join(folder, file), 'utf8'))),
  );

  const page = await readFile(join(REPOSITORY, 'docs/operations.md'), 'utf8');
  const alerts = [...page.matchAll(/^\| (error|fatal) \| `([^`]+)` \|/gm)].map(
    (row) => [row[1] as Level, row[2]!] as const,
  );
  const warnings = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map((row) => ['warn', row[1]!] as const);

  expect(logged.flat().length).toBeGreaterThan(30);
  expect(shown([...alerts, ...warnings])).toEqual(shown(logged.flat()));
});
