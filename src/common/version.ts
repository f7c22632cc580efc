import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The build is one folder deeper than the source. */
const packageFile = (folder: string): string => {
  const file = join(folder, 'package.json');
  return existsSync(file) ? file : packageFile(dirname(folder));
};

/** The running version. */
export const VERSION = (
  JSON.parse(readFileSync(packageFile(import.meta.dirname), 'utf8')) as { readonly version: string }
).version;
