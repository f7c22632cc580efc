import { startTestApp, TEST_KEYS, TEST_SECRET, type TestApp } from '../support/test-app.js';
import type { ApiDocument } from './document.js';

interface Problem {
  readonly ruleId: string;
  readonly message: string;
  readonly location: readonly { readonly pointer?: string }[];
}

interface Redocly {
  createConfig(config: object): Promise<object>;
  lintFromString(document: { source: string; config: object }): Promise<readonly Problem[]>;
}

/** By a name that the compiler does not follow: its own types take five seconds to check. */
const REDOCLY: string = '@redocly/openapi-core';

let service: TestApp;
let source: string;

beforeAll(async () => {
  service = await startTestApp();
  source = await (await fetch(`${service.url}/docs/openapi.json`)).text();
});
afterAll(() => service.close());

it('the document is OpenAPI 3.1, of the version that runs', async () => {
  const live = (await (await fetch(`${service.url}/health/live`)).json()) as { version: string };

  expect((JSON.parse(source) as { info: { version: string } }).info.version).toBe(live.version);
  expect((JSON.parse(source) as ApiDocument).openapi).toMatch(/^3\.1\.\d+$/);
});

it('Redocly’s linter finds nothing in it, not even to warn of', async () => {
  const { createConfig, lintFromString } = (await import(REDOCLY)) as Redocly;
  const config = await createConfig({
    extends: ['recommended-strict'],
    rules: {
      // Nothing can be wrong with a question about health; of all else operations.test.ts demands a documented 401.
      'operation-4xx-response': 'off',
    },
  });

  const problems = await lintFromString({ source, config });

  expect(problems.map(({ ruleId, message, location }) => ({ ruleId, message, at: location[0]?.pointer }))).toEqual([]);
});

it('no secret of the configuration is in it', () => {
  for (const secret of [TEST_SECRET, TEST_KEYS, TEST_KEYS.split(':')[1]!]) expect(source).not.toContain(secret);
});
