import { get, type IncomingHttpHeaders } from 'node:http';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

/** Sends a raw target, which fetch would normalize. */
const getRaw = (path: string): Promise<{ status: number | undefined; headers: IncomingHttpHeaders }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(service.url);
    get({ hostname, port, path, agent: false }, (response) => {
      response.resume().on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers });
      });
    }).on('error', reject);
  });

const namedIn = (html: string): string[] =>
  [...html.matchAll(/<(?:script|link|img)\b[^>]*?\b(?:src|href)=["']([^"']+)["']/g)].map(([, address = '']) => address);

describe('the page at /docs', () => {
  it.each(['/docs', '/docs/', '/docs/index.html', '/docs/?from=a-bookmark', '/docs?from=a-bookmark'])(
    'loads every asset from the service when it is requested as %s',
    async (path) => {
      const page = await fetch(`${service.url}${path}`);
      const html = await page.text();
      const addresses = namedIn(html).map((address) => new URL(address, page.url));
      const assets = await Promise.all(addresses.map((address) => fetch(address)));

      expect(page.status).toBe(200);
      expect(html).toContain('<title>Ringback API</title>');
      expect(addresses.map(({ origin }) => origin)).toEqual(addresses.map(() => service.url));
      expect(assets.map(({ url, status }) => `${status} ${new URL(url).pathname}`).sort()).toEqual([
        '200 /docs/favicon-16x16.png',
        '200 /docs/favicon-32x32.png',
        '200 /docs/swagger-ui-bundle.js',
        '200 /docs/swagger-ui-init.js',
        '200 /docs/swagger-ui-standalone-preset.js',
        '200 /docs/swagger-ui.css',
      ]);
    },
  );

  it('has a policy that allows only the service’s own scripts and requests, and no frame', async () => {
    const { headers } = await fetch(`${service.url}/docs`);

    const policy = new Map(
      headers
        .get('content-security-policy')
        ?.split('; ')
        .map((directive) => directive.split(' '))
        .map(([name = '', ...sources]) => [name, sources.join(' ')]),
    );
    expect(Object.fromEntries(policy)).toMatchObject({
      'default-src': "'none'",
      'script-src': "'self'",
      'connect-src': "'self'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
    });
  });

  it.each([
    '/docs',
    '/%64ocs',
    '/d%6Fcs/',
    'http://elsewhere.example/docs',
    '/docs#x',
    '/docs/%69ndex.html',
    '/%64ocs/openapi.json',
  ])('has its policy for every form of its URL: %s', async (target) => {
    const { status, headers } = await getRaw(target);

    expect([200, 302]).toContain(status);
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });

  it.each(['/docs', '/docs/', '/docs/openapi.json', '/docs/asyncapi.json', '/docs/swagger-ui-init.js'])(
    'forbids caching of %s, which changes with the service',
    async (path) => {
      const { headers } = await fetch(`${service.url}${path}`);

      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('set-cookie')).toBeNull();
    },
  );

  it('does not apply its policy to other paths', async () => {
    const { headers } = await fetch(`${service.url}/health/live`);

    expect(headers.get('content-security-policy')).toBeNull();
  });

  it('answers an unknown file with the service’s own 404', async () => {
    const response = await fetch(`${service.url}/docs/no-such-file.js`);

    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ returnCode: 404, returnMsg: 'There is nothing here.' });
  });
});

it('the document is JSON, and equals the one that the page shows', async () => {
  const [document, script] = await Promise.all(
    ['openapi.json', 'swagger-ui-init.js'].map((file) => fetch(`${service.url}/docs/${file}`)),
  );

  const { paths } = (await document!.json()) as { paths: object };
  const [, shown = ''] = /let options = (\{[^]*?\n\});/.exec(await script!.text()) ?? [];
  expect(document!.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(script!.headers.get('content-type')).toMatch(/^(?:application|text)\/javascript/);
  for (const path of Object.keys(paths)) expect(shown).toContain(JSON.stringify(path));
});
