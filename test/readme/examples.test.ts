/** Executes the requests on our pages unchanged: each response equals the one on the page. */
import { readFile } from 'node:fs/promises';
import { NameResolver } from '../../src/delivery/name-resolver.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { carryOut, examplesIn } from './curl-examples.js';
import { markdownPages } from './pages.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { SIMULATOR_SPEED: '20' } });
  // No Internet is needed: the example's host name resolves here, and no call is placed while the endpoint is registered.
  Object.assign(service.app.nest.get(NameResolver), { addressesOf: async () => ['93.184.215.14'] });
});
afterAll(() => service.close());

/** Pages in order, with the number of their examples. The search on the first page expects only the first call. */
const PAGES = [
  ['docs/api.md', 28],
  ['docs/providers/README.md', 1],
  ['README.md', 1],
  ['README.zh-CN.md', 1],
  // Last: it forbids calls to a demo user.
  ['docs/protection.md', 5],
] as const;

it('every example request on our pages gets the response that the page shows', async () => {
  for (const [page, count] of PAGES) {
    const examples = examplesIn(await readFile(page, 'utf8'));
    const variables: Partial<Record<string, string>> = {
      TOKEN: await service.token('1001'),
      ADMIN: await service.token('1001', 'admin'),
      UUIDTOKEN: await service.token('7d3f1c52-6b0e-4f0a-9c1d-2f6f0a5b8e11'),
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

it('no other page has examples', async () => {
  const pages = await markdownPages();
  const withExamples = await Promise.all(
    pages.map(async (page) => ((await readFile(page, 'utf8')).includes('```console') ? [page] : [])),
  );

  // test/asterisk/demo-phones.test.ts and test/deployment/image-rehearsal.test.ts execute these.
  const elsewhere = ['docs/real-phones.md', 'docs/first-hour.md'];
  expect(withExamples.flat().sort()).toEqual([...PAGES.map(([page]) => page), ...elsewhere].sort());
});
