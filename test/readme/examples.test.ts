/** The README's examples, executed as they stand: what it promises to a reader who copies and pastes is true. */
import { readFile } from 'node:fs/promises';
import { NameResolver } from '../../src/delivery/name-resolver.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { carryOut, examplesIn } from './curl-examples.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { SIMULATOR_SPEED: '20' } });
  // A test needs no Internet: the example's endpoint has an address, and no call is placed while it is registered.
  Object.assign(service.app.nest.get(NameResolver), { addressesOf: async () => ['93.184.215.14'] });
});
afterAll(() => service.close());

it('every example of the README does what it says', async () => {
  const examples = examplesIn(await readFile('README.md', 'utf8'));
  const variables: Partial<Record<string, string>> = {
    TOKEN: await service.token('1001'),
    ADMIN: await service.token('1001', 'admin'),
  };

  expect(examples.length).toBeGreaterThanOrEqual(8);
  for (const example of examples) {
    const body = await carryOut(example, variables, service.url);
    variables.CALLSID ??= /"callSid":"(\d{32})"/.exec(body)?.[1] ?? '';
    variables.ENDPOINT ??= /^{"id":"(\d+)","url"/.exec(body)?.[1];
  }
});
