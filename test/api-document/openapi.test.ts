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

/** Imported by a variable, so that the compiler does not check its types, which takes five seconds. */
const REDOCLY: string = '@redocly/openapi-core';

let service: TestApp;
let source: string;

beforeAll(async () => {
  service = await startTestApp();
  source = await (await fetch(`${service.url}/docs/openapi.json`)).text();
});
afterAll(() => service.close());

it('the document is OpenAPI 3.1, with the running version', async () => {
  const live = (await (await fetch(`${service.url}/health/live`)).json()) as { version: string };

  expect((JSON.parse(source) as { info: { version: string } }).info.version).toBe(live.version);
  expect((JSON.parse(source) as ApiDocument).openapi).toMatch(/^3\.1\.\d+$/);
});

it('Redocly’s linter finds no error and no warning in the document', async () => {
  const { createConfig, lintFromString } = (await import(REDOCLY)) as Redocly;
  const config = await createConfig({
    extends: ['recommended-strict'],
    rules: {
      // Health checks have no 4xx; operations.test.ts requires a documented 401 for all other operations.
      'operation-4xx-response': 'off',
    },
  });

  const problems = await lintFromString({ source, config });

  expect(problems.map(({ ruleId, message, location }) => ({ ruleId, message, at: location[0]?.pointer }))).toEqual([]);
});

it('no secret of the configuration is in the document', () => {
  for (const secret of [TEST_SECRET, TEST_KEYS, TEST_KEYS.split(':')[1]!]) expect(source).not.toContain(secret);
});
