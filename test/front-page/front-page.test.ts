import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const leadsTo = async (environment: Record<string, string>): Promise<[number, string | null]> => {
  const other = await startTestApp({ environment });
  try {
    const { status, headers } = await fetch(`${other.url}/`, { redirect: 'manual' });
    return [status, headers.get('location')];
  } finally {
    await other.close();
  }
};

const ask = (path: string, method = 'GET'): Promise<Response> =>
  fetch(`${service.url}${path}`, { method, redirect: 'manual' });

describe('a request to the root path or the icon', () => {
  it.each(['/', '/?from=a-bookmark'])('gets links to the desk and to the API page at %s', async (path) => {
    const response = await ask(path);
    const links = [...(await response.text()).matchAll(/ href="([^"]+)"/g)].map(([, link = '']) => link);
    const pages = await Promise.all(links.map((link) => fetch(new URL(link, response.url))));

    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(pages.map(({ status, url }) => [status, new URL(url).pathname])).toEqual([
      [200, '/desk/'],
      [200, '/docs/'],
    ]);
  });

  it('is redirected to the only page there is', async () => {
    expect(await leadsTo({ DESK: 'false' })).toEqual([302, './docs/']);
    expect(await leadsTo({ API_DOCS: 'false' })).toEqual([302, './desk/']);
    expect(await leadsTo({ DESK: 'false', API_DOCS: 'false' })).toEqual([404, null]);
  });

  it('gets 204 for the icon', async () => {
    const response = await ask('/favicon.ico');

    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  it.each(['/', '/favicon.ico'])('gets headers that forbid %s everything', async (path) => {
    const { headers } = await ask(path);

    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': expect.stringMatching(/^default-src 'none'(?:; style-src 'sha256-[\w+/=]+')?$/),
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
