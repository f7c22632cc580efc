/** Chinese fonts for pictures. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, fetchPackages } from '../support/debian-packages.js';

/** WenQuanYi Micro Hei, for machines without Chinese fonts. */
const FONTS = { folder: cacheFolder('fonts'), suites: 'bookworm trixie', names: ['fonts-wqy-microhei'] };

/** @returns a configuration of fontconfig with the system's fonts and the fetched ones */
export const fontsIn = async (folder: string): Promise<string> => {
  const missing = await fetchPackages(FONTS);
  if (missing !== null) throw new Error(missing);
  const file = join(folder, 'fonts.conf');
  const fonts = join(FONTS.folder, 'usr/share/fonts');
  const lines = [`<dir>${fonts}</dir>`, `<cachedir>${folder}</cachedir>`];
  await writeFile(
    file,
    `<?xml version="1.0"?><fontconfig><include>/etc/fonts/fonts.conf</include>${lines.join('')}</fontconfig>`,
  );
  return file;
};
