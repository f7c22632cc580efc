import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../deployment/repository.js';

const FOLDER = join(REPOSITORY, 'docs/pictures');

/** A `string`, so that the compiler does not resolve it: the script is JavaScript. */
const DRAWING: string = '../../scripts/draw-pictures.mjs';

it('every picture equals the drawing of its text file: `npm run pictures`', async () => {
  const { draw } = (await import(DRAWING)) as { draw: (source: string) => string };
  const texts = (await readdir(FOLDER)).filter((name) => name.endsWith('.txt'));

  expect(texts.length).toBeGreaterThan(0);
  for (const text of texts) {
    const [source, picture] = await Promise.all(
      [text, text.replace(/txt$/, 'svg')].map((name) => readFile(join(FOLDER, name), 'utf8')),
    );
    expect(picture).toBe(draw(source!));
  }
});

it('every picture of the desk is in the page about it, in its language', async () => {
  const pictures = (await readdir(join(FOLDER, 'desk'))).sort();
  const linkedFrom = async (page: string): Promise<string[]> => {
    const text = await readFile(join(REPOSITORY, 'docs', page), 'utf8');
    return [...text.matchAll(/!\[[^\]]+\]\(\S*pictures\/desk\/(\S+)\)/g)].map(([, name = '']) => name);
  };
  const [english, chinese] = await Promise.all(['desk.md', 'zh/desk.md'].map(linkedFrom));

  const missing = (linked: readonly string[] | undefined, otherLanguage: string): string[] =>
    pictures.filter((name) => !name.includes(otherLanguage) && !linked?.includes(name));

  expect(pictures.length).toBeGreaterThan(30);
  expect({ english: missing(english, '.zh.'), chinese: missing(chinese, '.en.') }).toEqual({
    english: [],
    chinese: [],
  });
});
