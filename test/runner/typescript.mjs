/** TypeScript for Node's own loader, by SWC and `.swcrc`. `tsc` checks the types beforehand. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformFileSync } from '@swc/core';

export const registerTypeScript = () => register('./typescript-hooks.mjs', import.meta.url);

/** Where the source map of a file is, for the lines of a stack trace. It is made when one is shown, which is seldom. */
export const sourceMaps = {
  get(source) {
    const url = source.split('?')[0];
    if (!url.startsWith('file:') || !url.endsWith('.ts')) return undefined;
    if (!written.has(url)) written.set(url, writeSourceMap(fileURLToPath(url)));
    return written.get(url);
  },
};

const written = new Map();

/** Into the folder of the run, which global teardown removes. */
const writeSourceMap = (path) => {
  const folder = dirname(process.env.RINGBACK_TEST_SKIPPED);
  const file = join(mkdtempSync(join(folder, 'source-map-')), 'map.json');
  writeFileSync(file, transformFileSync(path, { sourceMaps: true }).map);
  return file;
};
