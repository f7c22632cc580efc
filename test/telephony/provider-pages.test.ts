/** The page of each provider documents all of the provider's settings. */
import { readFile } from 'node:fs/promises';
import { PROVIDER_SETTINGS } from '../../src/config/provider-settings.js';

const names = Object.values(PROVIDER_SETTINGS).map(({ name }) => name);

it.each(['asterisk', 'twilio', 'telnyx', 'signalwire', 'yuntongxun'])(
  'the page of %s has all of its settings',
  async (provider) => {
    const page = await readFile(new URL(`../../docs/providers/${provider}.md`, import.meta.url), 'utf8');
    const its = names.filter((name) => name.startsWith(`${provider.toUpperCase()}_`));

    expect(its.length).toBeGreaterThan(3);
    expect(its.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  },
);
