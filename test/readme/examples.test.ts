/** The requests on our pages, executed as they stand: a reader who copies and pastes one gets the reply that the page shows. */
import { readFile } from 'node:fs/promises';
import { NameResolver } from '../../src/delivery/name-resolver.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { carryOut, examplesIn } from './curl-examples.js';
import { markdownPages } from './pages.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { SIMULATOR_SPEED: '20' } });
  // A test needs no Internet: the example's endpoint has an address, and no call is placed while it is registered.
  Object.assign(service.app.nest.get(NameResolver), { addressesOf: async () => ['93.184.215.14'] });
});
afterAll(() => service.close());

/** In this order, each with the number of its examples. The search of the first one expects the first call alone. */
const PAGES = [
  ['docs/api.md', 21],
  ['docs/providers/README.md', 1],
  ['README.md', 1],
  ['README.zh-CN.md', 1],
] as const;

it('every example of our pages does what it says', async () => {
  for (const [page, count] of PAGES) {
    const examples = examplesIn(await readFile(page, 'utf8'));
    const variables: Partial<Record<string, string>> = {
      TOKEN: await service.token('1001'),
      ADMIN: await service.token('1001', 'admin'),
      BACKEND: await service.token('9001', 'calls:write'),
    };

    expect({ page, count: examples.length }).toEqual({ page, count });
    for (const example of examples) {
      const body = await carryOut(example, variables, service.url);
      variables.CALLSID ??= /"callSid":"(\d{32})"/.exec(body)?.[1] ?? '';
      variables.CALL ??= /^{"callSid":"(\d{32})"[^]*"metadata":\{/.exec(body)?.[1];
      const [, keyId, key] = /^{"id":"(\d+)","name".*"key":"(rbk_\w+)"/.exec(body) ?? [];
      variables.KEYID ??= keyId;
      variables.KEY ??= key;
      variables.ENDPOINT ??= /^{"id":"(\d+)","url"/.exec(body)?.[1];
    }
  }
});

it('no other page has an example that nothing executes', async () => {
  const pages = await markdownPages();
  const withExamples = await Promise.all(
    pages.map(async (page) => ((await readFile(page, 'utf8')).includes('```console') ? [page] : [])),
  );

  // The last one is executed by test/asterisk/demo-phones.test.ts.
  expect(withExamples.flat().sort()).toEqual([...PAGES.map(([page]) => page), 'docs/real-phones.md'].sort());
});
