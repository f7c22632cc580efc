/** The contract's GETs ring phones. So a GET that no user action caused is refused. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { describeInBrowser, PUBLIC_HOST } from '../support/browser.js';
import { collectedLog } from '../support/collected-log.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const log = collectedLog();
let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { LOG_LEVEL: 'info' }, logTo: log.stream });
});
afterAll(() => service.close());

/** A caller who could place calls. */
const REFUSED_CALLER = '1001';
let nextCaller = 1004;
const caller = (): string => String(nextCaller++);

const addressFor = async (userId: string, path = 'call/2013'): Promise<string> =>
  `${service.url}/v1/app/${path}?access_token=${await service.token(userId)}`;

const callsOf = async (userId: string): Promise<number> => {
  const rows = await service.database.query<unknown[]>('select 1 from call_records where caller_id = $1', [userId]);
  return rows.length;
};

/** Not with fetch, which would add its own Fetch Metadata. */
const ask = async (userId: string, headers: Record<string, string>, path?: string) => {
  const response = await request(await addressFor(userId, path), { headers });
  return { status: response.statusCode, body: await response.body.json() };
};

const REFUSED = {
  status: 403,
  body: { returnCode: 403, returnMsg: 'A prefetch, a preview or a tag of a page must not ring a phone.' },
};
const PLACED = { status: 200, body: expect.objectContaining({ returnCode: 200 }) };

/** Destinations of tags and imports (https://fetch.spec.whatwg.org/#concept-request-destination), and an unknown one. */
const EMBEDDED =
  'audio audioworklet embed fencedframe font frame iframe image json manifest object paintworklet report script ' +
  'serviceworker sharedworker style text track video webidentity worker xslt hologram';

const PREVIEWS = [
  'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
  'Mozilla/5.0 (Macintosh) AppleWebKit/601.2.4 (KHTML, like Gecko) facebookexternalhit/1.1 Facebot Twitterbot/1.0',
  'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
  'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)',
  'TelegramBot (like TwitterBot)',
  'WhatsApp/2.23.20.0 A',
  'LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)',
  'Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)',
  'DingTalkBot-LinkService/1.0 (+https://open-doc.dingtalk.com/microapp/faquestions/ftpfeu)',
  'Synapse (bot; +https://github.com/matrix-org/synapse)',
];

const NAVIGATION = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' };

describe('a request is refused, and no call is placed,', () => {
  it.each<[string, Record<string, string>]>([
    ...EMBEDDED.split(' ').map((dest): [string, Record<string, string>] => [
      `for a tag of ${dest}`,
      { 'sec-fetch-dest': dest, 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-origin' },
    ]),
    ['for a link of another site', { ...NAVIGATION, 'sec-fetch-site': 'cross-site', 'sec-fetch-user': '?1' }],
    ['for a frame', { ...NAVIGATION, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-origin' }],
    ['for a prefetch', { 'sec-purpose': 'prefetch', 'sec-fetch-dest': 'empty' }],
    ...PREVIEWS.map((agent): [string, Record<string, string>] => [`for ${agent}`, { 'user-agent': agent }]),
  ])('%s', async (_, headers) => {
    expect(await ask(REFUSED_CALLER, headers)).toEqual(REFUSED);

    expect(await callsOf(REFUSED_CALLER)).toBe(0);
  });
});

describe('a call is placed', () => {
  it.each<[string, Record<string, string>]>([
    ['for a client without user agent and Fetch Metadata', {}],
    ['for an address typed by hand', { ...NAVIGATION, 'sec-fetch-site': 'none', 'sec-fetch-user': '?1' }],
    ['for a link within the site', { ...NAVIGATION, 'sec-fetch-site': 'same-site' }],
    [
      'for a fetch by an app of another site',
      { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'cross-site' },
    ],
    ['for a backend with bot in its name', { 'user-agent': 'acme-chatbot/2.0' }],
    ['for WeChat’s own browser', { 'user-agent': 'Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.49' }],
    ['for the client of 2016', { 'user-agent': 'okhttp/2.7.5' }],
  ])('%s', async (_, headers) => {
    const userId = caller();

    expect(await ask(userId, headers)).toEqual(PLACED);

    expect(await callsOf(userId)).toBe(1);
  });
});

it('callService and callCancel are refused in the same way, and a state poll is not', async () => {
  const userId = caller();
  const image = { 'sec-fetch-dest': 'image' };
  const { data } = (await ask(userId, {})).body as { data: { callSid: string } };

  expect(await ask(userId, image, 'callService')).toEqual(REFUSED);
  expect(await ask(userId, image, `callCancel/${data.callSid}`)).toEqual(REFUSED);
  expect(await ask(userId, image, `callState/${data.callSid}`)).toEqual(PLACED);
});

describeInBrowser('a page of another site, in a browser', (browser) => {
  let site: Server;
  let html = '';

  beforeAll(async () => {
    site = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(html));
    await once(site.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => {
    site.closeAllConnections();
    site.close();
  });

  const openWith = async (page: string) => {
    html = `<!doctype html><title>Elsewhere</title>${page}`;
    const opened = await (await browser().newContext()).newPage();
    await opened.goto(`http://${PUBLIC_HOST}:${(site.address() as AddressInfo).port}/`);
    return opened;
  };

  /** Statuses of call requests; without the browser's own requests, such as for an icon. */
  const answered = () =>
    log
      .lines()
      .flatMap(({ msg, path, status }) => (msg === 'request' && String(path).includes('/call/') ? [status] : []));

  it('does not ring a phone by its tags', async () => {
    const userIds = Array.from({ length: 6 }, caller);
    const addresses = await Promise.all(userIds.map((id) => addressFor(id)));
    const tags = [
      (address: string) => `<img src="${address}">`,
      (address: string) => `<script src="${address}"></script>`,
      (address: string) => `<link rel="stylesheet" href="${address}">`,
      (address: string) => `<iframe src="${address}"></iframe>`,
      (address: string) => `<video src="${address}" preload="auto"></video>`,
      (address: string) => `<object data="${address}"></object>`,
    ];
    const before = answered().length;
    const page = await openWith(tags.map((tag, i) => tag(addresses[i]!)).join(''));

    // Read from the log, because a browser may block a response for another reason too.
    await waitFor('all to be answered', () => answered().length === before + userIds.length);
    await page.context().close();

    expect(answered().slice(before)).toEqual(userIds.map(() => 403));
    expect(await Promise.all(userIds.map(callsOf))).toEqual(userIds.map(() => 0));
  });

  it('does not ring a phone by a link, while an address typed by hand does', async () => {
    const [byLink, byHand] = [caller(), caller()];
    const page = await openWith(`<a id="call" href="${await addressFor(byLink)}">Call</a>`);

    const before = answered().length;
    await page.click('#call');
    await waitFor('an answer', () => answered().length > before);
    const followed = answered().slice(before);
    const typed = await (await page.context().newPage()).goto(await addressFor(byHand));
    await page.context().close();

    expect([followed, typed?.status()]).toEqual([[403], 200]);
    expect([await callsOf(byLink), await callsOf(byHand)]).toEqual([0, 1]);
  });
});
