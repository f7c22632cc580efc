/** TypeScript for Node's own loader, with SWC and `.swcrc`. `tsc` checks the types before. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformFileSync } from '@swc/core';

export const registerTypeScript = () => register('./typescript-hooks.mjs', import.meta.url);

/** The path of a file's source map, for stack traces. It is written on demand, because few traces are shown. */
export const sourceMaps = {
  get(source) {
    const url = source.split('?')[0];
    if (!url.startsWith('file:') || !url.endsWith('.ts')) return undefined;
    if (!written.has(url)) written.set(url, writeSourceMap(fileURLToPath(url)));
    return written.get(url);
  },
};

const written = new Map();

/** Writes to the folder of the run, which the global teardown removes. */
const writeSourceMap = (path) => {
  const folder = dirname(process.env.RINGBACK_TEST_SKIPPED);
  const file = join(mkdtempSync(join(folder, 'source-map-')), 'map.json');
  writeFileSync(file, transformFileSync(path, { sourceMaps: true }).map);
  return file;
};
