import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const ask = (path: string, method = 'GET'): Promise<Response> =>
  fetch(`${service.url}${path}`, { method, redirect: 'manual' });

describe('a browser at the bare address', () => {
  it.each(['/', '/?from=a-bookmark'])('is led from %s to the page of the API', async (path) => {
    const page = await fetch(`${service.url}${path}`);

    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/docs/']);
    expect(await page.text()).toContain('<title>Ringback API</title>');
  });

  it('gets no icon, and no error either', async () => {
    const response = await ask('/favicon.ico');

    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  it.each(['/', '/favicon.ico'])('gets headers that allow %s nothing', async (path) => {
    const { headers } = await ask(path);

    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': "default-src 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
  });

  it.each(['/', '/favicon.ico'])('finds no other method at %s', async (path) => {
    const response = await ask(path, 'POST');

    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it('finds neither in the document of the API', async () => {
    const { paths } = (await (await ask('/docs/openapi.json')).json()) as { paths: Record<string, unknown> };

    expect(Object.keys(paths)).toEqual(expect.not.arrayContaining(['/', '/favicon.ico']));
  });
});
