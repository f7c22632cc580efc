/** TypeScript for Node's own loader, by SWC and `.swcrc`. `tsc` checks the types beforehand. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

const writeSourceMap = (path) => {
  const file = join(mkdtempSync(join(tmpdir(), 'ringback-source-map-')), 'map.json');
  writeFileSync(file, transformFileSync(path, { sourceMaps: true }).map);
  return file;
};
