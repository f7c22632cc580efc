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
