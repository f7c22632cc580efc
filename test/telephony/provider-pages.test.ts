/** The page of each provider documents all of the provider's settings, and whether it detects answering machines. */
import { readFile } from 'node:fs/promises';
import { PROVIDER_SETTINGS } from '../../src/config/provider-settings.js';

const PROVIDERS = ['asterisk', 'twilio', 'telnyx', 'signalwire', 'yuntongxun'];
const pageOf = (provider: string): Promise<string> =>
  readFile(new URL(`../../docs/providers/${provider}.md`, import.meta.url), 'utf8');
const names = Object.values(PROVIDER_SETTINGS).map(({ name }) => name);

it.each(PROVIDERS)('the page of %s has all of its settings', async (provider) => {
  const page = await pageOf(provider);
  const its = names.filter((name) => name.startsWith(`${provider.toUpperCase()}_`));

  expect(its.length).toBeGreaterThan(3);
  expect(its.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

it.each(PROVIDERS)('the page of %s says whether answering machines are detected', async (provider) => {
  expect(await pageOf(provider)).toMatch(/answering machine/i);
});
