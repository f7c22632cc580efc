/** docs/operations.md lists exactly the lines that the source logs at warn or above, with their level. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../deployment/repository.js';

type Level = 'warn' | 'error' | 'fatal';

/** Log calls that get their text from a variable. All other log calls contain the text. */
const TEXTS_IN_VARIABLES: Readonly<Record<string, readonly [Level, string][]>> = {
  'call/reconciliation/sweeper.ts': [
    ['error', 'a call could not be settled'],
    ['error', 'a call could not be closed'],
  ],
  'common/process-end.ts': [
    ['fatal', 'uncaught exception, stopping'],
    ['fatal', 'unhandled rejection, stopping'],
  ],
  // Texts of Nest itself.
  'common/logger.ts': [],
};

const CALL = /ogger\.(warn|error|fatal)\(/g;
const LAST_TEXT = /'([^']*)',?\s*$/;

/** The text between the parentheses of a call. */
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
  const textsInVariables = TEXTS_IN_VARIABLES[file];
  for (const [, text] of textsInVariables ?? []) expect(source).toContain(`'${text}'`);
  const found = [...source.matchAll(CALL)].flatMap((call): [Level, string][] => {
    const text = LAST_TEXT.exec(argumentsFrom(source, call.index + call[0].length))?.[1];
    if (text === undefined && !textsInVariables) throw new Error(`${file} logs a text that does not stand there`);
    return text === undefined ? [] : [[call[1] as Level, text]];
  });
  return [...found, ...(textsInVariables ?? [])];
};

const shown = (lines: readonly (readonly [Level, string])[]): string[] =>
  [...new Set(lines.map(([level, text]) => `${level}: ${text}`))].sort();

it('docs/operations.md lists the same log lines as the source', async () => {
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
