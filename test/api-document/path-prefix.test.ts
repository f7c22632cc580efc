/** The API page behind a proxy with a path prefix. */
import { describeInBrowser } from '../support/browser.js';
import { startPrefixProxy, type PrefixProxy } from '../support/prefix-proxy.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { SwaggerPage } from './swagger-page.js';

let service: TestApp;
let proxy: PrefixProxy;

beforeAll(async () => {
  service = await startTestApp();
  proxy = await startPrefixProxy(service.url);
});
afterAll(async () => {
  proxy.close();
  await service.close();
});

const namedIn = (html: string): string[] =>
  [...html.matchAll(/<(?:script|link|img)\b[^>]*?\b(?:src|href)=["']([^"']+)["']/g)].map(([, address = '']) => address);

describe('behind a path prefix', () => {
  it('the first page leads to pages below the prefix', async () => {
    const page = await fetch(`${proxy.url}/`);
    const links = [...(await page.text()).matchAll(/ href="([^"]+)"/g)].map(([, link = '']) => link);

    expect(links.map((link) => new URL(link, page.url).href)).toEqual([`${proxy.url}/desk/`, `${proxy.url}/docs/`]);
  });

  it.each(['docs', 'docs/', 'docs/index.html', 'docs?x=1'])(
    '%s shows the API page with all its assets',
    async (path) => {
      const page = await fetch(`${proxy.url}/${path}`);
      const assets = namedIn(await page.text()).map((address) => new URL(address, page.url));
      const statuses = await Promise.all(assets.map(async (asset) => (await fetch(asset)).status));

      expect([page.status, page.url]).toEqual([200, `${proxy.url}/docs/`]);
      expect(statuses).toEqual(Array.from({ length: 6 }, () => 200));
    },
  );

  it('every URL in the document is below the prefix', async () => {
    const at = `${proxy.url}/docs/openapi.json`;
    const { servers, info } = (await (await fetch(at)).json()) as {
      readonly servers: readonly { readonly url: string }[];
      readonly info: { readonly description: string };
    };
    const links = [...info.description.matchAll(/\]\((?!https?:)([^)]*)\)/g)].map(([, link = '']) => link);

    const leads = [...servers.map((server) => server.url), ...links].map((link) => new URL(link, at).href);

    expect(leads).toEqual([`${proxy.url}/`, at, `${proxy.url}/docs/asyncapi.json`]);
  });
});

describeInBrowser('Swagger UI behind a path prefix', (browser) => {
  it('sends "Try it out" requests below the prefix', async () => {
    const below = new URL(`${proxy.url}/`).pathname;
    const page = await SwaggerPage.open(browser(), `${proxy.url}/docs/`);
    await page.authorize({ bearer: await service.token('1001') });

    const reply = await page.execute('callUser', { targetId: '2013' });
    await page.close();

    expect(reply).toMatchObject({ status: '200', body: { returnCode: 200 } });
    expect(page.requests.map((sent) => sent.url.pathname)).toContain(`${below}v1/app/call/2013`);
    expect(
      page.requests.filter((sent) => sent.url.protocol !== 'data:' && !sent.url.pathname.startsWith(below)),
    ).toEqual([]);
    expect(page.faults).toEqual([]);
  });
});
