import { readFile } from 'node:fs/promises';
import type { Setting } from '../../src/config/setting.js';
import { SETTINGS } from '../../src/config/settings.js';

describe('the table of docs/configuration.md', () => {
  it('equals the settings in the code', async () => {
    const page = await readFile('docs/configuration.md', 'utf8');
    const rows = Object.values(SETTINGS).map(
      ({ name, defaultText, meaning }) => `| \`${name}\` | ${defaultText && `\`${defaultText}\``} | ${meaning} |`,
    );

    const table = /^\| variable \|.*\n\| --- .*\n((?:\|.*\n)+)/m.exec(page)?.[1];
    expect(table?.trimEnd().split('\n')).toEqual(rows);
  });

  it('has a _FILE variable for every secret, and for no other setting', async () => {
    const page = await readFile('docs/configuration.md', 'utf8');
    const secrets = Object.values<Setting<unknown>>(SETTINGS).filter(({ isSecret }) => isSecret);

    const named = [...new Set(page.match(/\b[A-Z_]+_FILE\b/g))];
    expect(named.sort()).toEqual(secrets.map(({ name }) => `${name}_FILE`).sort());
  });
});
