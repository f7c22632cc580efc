import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The build has one folder more above it than the source. */
const packageFile = (folder: string): string => {
  const file = join(folder, 'package.json');
  return existsSync(file) ? file : packageFile(dirname(folder));
};

/** The version that is running. */
export const VERSION = (
  JSON.parse(readFileSync(packageFile(import.meta.dirname), 'utf8')) as { readonly version: string }
).version;
