/** docs/providers/write-a-provider.md quotes code that passes the conformance suite. */
import { access, readFile } from 'node:fs/promises';

const page = await readFile(new URL('../../../docs/providers/write-a-provider.md', import.meta.url), 'utf8');
const quotations = [...page.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)].map(([, file = '', code = '']) => ({
  file,
  code,
}));

it('the page quotes the provider, its wire format and its test, and no other code', () => {
  expect(new Set(quotations.map(({ file }) => file))).toEqual(
    new Set(['bellhop.provider.ts', 'bellhop-wire.ts', 'bellhop.test.ts']),
  );
  expect(page.match(/^```/gm)).toHaveLength(2 * quotations.length);
});

it.each(quotations)('quotation $# of $file is exact', async ({ file, code }) => {
  expect(await readFile(new URL(file, import.meta.url), 'utf8')).toContain(code);
});

it('every method of the provider is on the page', async () => {
  const provider = await readFile(new URL('bellhop.provider.ts', import.meta.url), 'utf8');
  const methods = [...provider.matchAll(/^ {2}(?:async )?(\w+)\(/gm)].map(([, name = '']) => name);

  expect(methods).toEqual(expect.arrayContaining(['dial', 'hangUp', 'fetchStatus', 'readWebhook']));
  for (const name of methods.filter((one) => one !== 'constructor')) expect(page).toContain(name);
});

it('all links of the page lead to a file', async () => {
  const links = [...page.matchAll(/\]\((\.\.\/[^)]+)\)/g)].map(([, link = '']) => link);

  expect(links.length).toBeGreaterThan(5);
  for (const link of links) await access(new URL(`../../../docs/providers/${link}`, import.meta.url));
});
