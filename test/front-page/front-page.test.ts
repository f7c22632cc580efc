import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const ask = (path: string, method = 'GET'): Promise<Response> =>
  fetch(`${service.url}${path}`, { method, redirect: 'manual' });

describe('a request to the root path or the icon', () => {
  it.each(['/', '/?from=a-bookmark'])('is redirected from %s to the API page', async (path) => {
    const page = await fetch(`${service.url}${path}`);

    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/docs/']);
    expect(await page.text()).toContain('<title>Ringback API</title>');
  });

  it('gets 204 for the icon', async () => {
    const response = await ask('/favicon.ico');

    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  it.each(['/', '/favicon.ico'])('gets headers that forbid %s everything', async (path) => {
    const { headers } = await ask(path);

    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': "default-src 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
  });

  it.each(['/', '/favicon.ico'])('gets 405 for another method at %s', async (path) => {
    const response = await ask(path, 'POST');

    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it('is not described in the API document', async () => {
    const { paths } = (await (await ask('/docs/openapi.json')).json()) as { paths: Record<string, unknown> };

    expect(Object.keys(paths)).toEqual(expect.not.arrayContaining(['/', '/favicon.ico']));
  });
});
