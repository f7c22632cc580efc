/** A Chinese page has the same commands, names and codes as the English page. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../deployment/repository.js';

const read = (page: string): Promise<string> => readFile(join(REPOSITORY, page), 'utf8');

const FENCE = /^```.*\n(.*?)^```$/gms;

/** Commands without their explanation, which follows after two spaces. */
const commandsIn = (page: string): string[] => [
  ...[...page.matchAll(FENCE)].map(([, block = '']) => block),
  ...[...page.replaceAll(FENCE, '').matchAll(/^ {4}(\S.*)$/gm)].map(([, line = '']) => line.split(/ {2,}/)[0]!),
];

const namesIn = (page: string): string[] =>
  [...new Set([...page.replaceAll(FENCE, '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))].sort();

/** The first cells of each table row that begins with a code. */
const rowsIn = (page: string, cells: number): string[] =>
  [...page.matchAll(/^\| (-?\d[\d–]*) \|.*$/gm)].map(([row]) =>
    row
      .split('|')
      .slice(1, cells + 1)
      .map((cell) => cell.trim())
      .join(' | '),
  );

describe.each([
  ['README.md', 'README.zh-CN.md'],
  ['docs/quick-start.md', 'docs/zh/quick-start.md'],
  ['docs/deployment.md', 'docs/zh/deployment.md'],
  ['docs/desk.md', 'docs/zh/desk.md'],
  ['docs/errors.md', 'docs/zh/errors.md'],
])('%s and %s', (english, chinese) => {
  it('have the same commands', async () => {
    expect(commandsIn(await read(chinese))).toEqual(commandsIn(await read(english)));
  });

  it('name the same settings, paths, fields and programs', async () => {
    expect(namesIn(await read(chinese))).toEqual(namesIn(await read(english)));
  });

  it('refer to each other', async () => {
    expect(await read(english)).toMatch(/\[简体中文\]\(/);
    expect(await read(chinese)).toMatch(/\[English\]\(/);
  });
});

it('the pages contain commands, so the comparison is not empty', async () => {
  const counts = await Promise.all(
    ['README.md', 'docs/quick-start.md', 'docs/deployment.md', 'docs/desk.md'].map(
      async (page) => commandsIn(await read(page)).length,
    ),
  );

  expect(counts).toEqual([3, 5, 3, 3]);
});

it('the demo users have the same end reasons on both pages', async () => {
  const endings = async (page: string) =>
    [...(await read(page)).matchAll(/^\| (20\d\d) \| .* \| (\w+)[^|]*\|$/gm)].map(([, user, end]) => [user, end]);

  const chinese = await endings('docs/zh/quick-start.md');
  expect(chinese).toHaveLength(14);
  expect(chinese).toEqual(await endings('docs/quick-start.md'));
});

describe('the Chinese page of 容联', () => {
  it('has the hang-up causes and the status codes of the English page', async () => {
    const english = await read('docs/providers/yuntongxun.md');
    const chinese = await read('docs/zh/yuntongxun.md');
    const isStatus = (row: string): boolean => /^\d{6}/.test(row);
    const causes = (page: string): string[] => rowsIn(page, 4).filter((row) => !isStatus(row));
    const codes = (page: string): string[] => rowsIn(page, 2).filter(isStatus);

    expect(causes(english).length).toBeGreaterThan(10);
    expect(codes(english).length).toBeGreaterThan(30);
    expect(causes(chinese)).toEqual(causes(english));
    expect(codes(chinese)).toEqual(codes(english));
  });

  it('names the same settings', async () => {
    const settings = async (page: string) =>
      namesIn(await read(page)).filter((name) => /^[A-Z]+(?:_[A-Z]+)+$/.test(name));

    expect(await settings('docs/zh/yuntongxun.md')).toEqual(await settings('docs/providers/yuntongxun.md'));
  });
});
