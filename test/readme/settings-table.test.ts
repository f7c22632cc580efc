import { readFile } from 'node:fs/promises';
import { SETTINGS } from '../../src/config/settings.js';

describe('the configuration table of the README', () => {
  it('is what the code reads', async () => {
    const readme = await readFile('README.md', 'utf8');
    const rows = Object.values(SETTINGS).map(
      ({ name, defaultText, meaning }) => `| \`${name}\` | ${defaultText && `\`${defaultText}\``} | ${meaning} |`,
    );

    const table = /^\| variable \|.*\n\| --- .*\n((?:\|.*\n)+)/m.exec(readme)?.[1];
    expect(table?.trimEnd().split('\n')).toEqual(rows);
  });
});
