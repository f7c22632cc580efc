/** A proxy with a path prefix, as in nginx: `location /calls/ { proxy_pass http://127.0.0.1:3000/; }`. */
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeInBrowser } from '../support/browser.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { SwaggerPage } from './swagger-page.js';

const PREFIX = '/calls/';

let service: TestApp;
let proxy: Server;
let url: string;

beforeAll(async () => {
  service = await startTestApp();
  proxy = createServer((incoming, outgoing) => {
    const { url: target = '', method, headers } = incoming;
    if (!target.startsWith(PREFIX)) {
      outgoing.writeHead(404).end('not below the prefix');
      return;
    }
    const path = `/${target.slice(PREFIX.length)}`;
    const onward = request(service.url + path, { method, headers, agent: false }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await service.close();
});

const namedIn = (html: string): string[] =>
  [...html.matchAll(/<(?:script|link|img)\b[^>]*?\b(?:src|href)=["']([^"']+)["']/g)].map(([, address = '']) => address);

describe('behind a path prefix', () => {
  it.each(['', '?from=a-bookmark', 'docs', 'docs/', 'docs/index.html', 'docs?x=1'])(
    '%s shows the API page with all its assets',
    async (path) => {
      const page = await fetch(`${url}${PREFIX}${path}`);
      const assets = namedIn(await page.text()).map((address) => new URL(address, page.url));
      const statuses = await Promise.all(assets.map(async (asset) => (await fetch(asset)).status));

      expect([page.status, page.url]).toEqual([200, `${url}${PREFIX}docs/`]);
      expect(statuses).toEqual(Array.from({ length: 6 }, () => 200));
    },
  );

  it('every URL in the document is below the prefix', async () => {
    const at = `${url}${PREFIX}docs/openapi.json`;
    const { servers, info } = (await (await fetch(at)).json()) as {
      readonly servers: readonly { readonly url: string }[];
      readonly info: { readonly description: string };
    };
    const links = [...info.description.matchAll(/\]\((?!https?:)([^)]*)\)/g)].map(([, link = '']) => link);

    const leads = [...servers.map((server) => server.url), ...links].map((link) => new URL(link, at).href);

    expect(leads).toEqual([`${url}${PREFIX}`, at, `${url}${PREFIX}docs/asyncapi.json`]);
  });
});

describeInBrowser('Swagger UI behind a path prefix', (browser) => {
  it('sends "Try it out" requests below the prefix', async () => {
    const page = await SwaggerPage.open(browser(), `${url}${PREFIX}`);
    await page.authorize({ bearer: await service.token('1001') });

    const reply = await page.execute('callUser', { targetId: '2013' });
    await page.close();

    expect(reply).toMatchObject({ status: '200', body: { returnCode: 200 } });
    expect(page.requests.map((sent) => sent.url.pathname)).toContain(`${PREFIX}v1/app/call/2013`);
    expect(
      page.requests.filter((sent) => sent.url.protocol !== 'data:' && !sent.url.pathname.startsWith(PREFIX)),
    ).toEqual([]);
    expect(page.faults).toEqual([]);
  });
});
