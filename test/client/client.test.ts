/** The client, installed from its file: the examples of its README run against the service, in Node and in a browser. */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describeInBrowser } from '../support/browser.js';
import { freePort } from '../support/free-port.js';
import { endOf, endProgram, REPOSITORY, startProgram } from '../support/node-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { installClient, readmeExamples, type InstalledClient } from './installed-client.js';

let service: TestApp;
let client: InstalledClient;
let examples: ReadonlyMap<string, string>;
/** Has the page, the installed package, and a token for the page's user. */
let site: Server;
let siteUrl: string;

const example = (name: string): string => examples.get(name)!.replaceAll('http://localhost:3000', service.url);

const answerOf = async (path: string): Promise<[string, string]> => {
  if (path === '/') return ['text/html', example('page.html')];
  if (path === '/token') return ['text/plain', await service.token('1001')];
  if (path.startsWith('/node_modules/')) return ['text/javascript', await readFile(join(client.folder, path), 'utf8')];
  return ['text/plain', ''];
};

beforeAll(async () => {
  examples = await readmeExamples();
  site = createServer((request, response) => {
    void answerOf(request.url ?? '/').then(([type, body]) => response.setHeader('content-type', type).end(body));
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  service = await startTestApp({ environment: { CORS_ORIGINS: siteUrl, WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' } });
  client = await installClient();
  for (const name of examples.keys()) if (name.endsWith('.ts')) await client.write(name, example(name));
  await client.write(
    'wrong.ts',
    `import { Ringback, type AppErrorCode } from 'ringback-client';
     export const right: AppErrorCode = 'CALLER_HAS_NO_PHONE';
     // @ts-expect-error a misspelt name
     export const wrong: AppErrorCode = 'CALLER_HAS_NO_FONE';
     // @ts-expect-error a state that does not exist
     void new Ringback({ url: '', token: '' }).cancel('', { before: '5' });
     // @ts-expect-error a misspelt field
     for await (const { data } of new Ringback({ url: '', token: '' }).watch('')) data.endReasn;`,
  );
  await client.compile();
});
afterAll(async () => {
  site.close();
  await client.remove();
  await service.close();
});

const start = (name: string, environment: Readonly<Record<string, string>>) =>
  startProgram([process.execPath, join(client.folder, name)], { environment });

const linesOf = async (name: string, environment: Readonly<Record<string, string>>): Promise<string[]> => {
  const { code, output, complaint } = await endOf(start(name, environment));
  expect([code, complaint]).toEqual([0, '']);
  return output.trim().split('\n');
};

it('an app places a call and follows it to its end', async () => {
  const lines = await linesOf('app.js', { TOKEN: await service.token('1001') });

  expect(lines).toEqual(['1 null', '2 null', '3 null', '4 completed']);
});

it('an app gets the name and the text of a refusal', async () => {
  const lines = await linesOf('app.js', { TOKEN: await service.token('777777') });

  expect(lines).toEqual(['CALLER_HAS_NO_PHONE 用户未绑定手机号,请手动拨打010-56469588!']);
});

it('a backend places, follows and cancels a call', async () => {
  const lines = await linesOf('backend.js', { API_KEY: await service.token('9001', 'calls:write') });

  expect(lines).toEqual([
    'call.requested 4711',
    'call.ringing 4711',
    'call.answered 4711',
    'call.over 4711',
    'over completed',
  ]);
});

it('a backend verifies webhooks, and refuses a forged one', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const created = (await (await service.admin('POST', 'webhook-endpoints', { url })).json()) as { secret: string };
  const program = start('webhooks.js', { WEBHOOK_SECRET: created.secret, PORT: new URL(url).port });
  let output = '';
  program.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const forged = { 'webhook-id': '1', 'webhook-timestamp': String(Math.floor(Date.now() / 1_000)) };
  const send = (signature: string) =>
    fetch(url, {
      method: 'POST',
      headers: { ...forged, 'webhook-signature': signature },
      body: '{"type":"call.over"}',
    });
  await waitFor('it to listen', () => send('v1,').catch(() => null));

  const { status } = await send(`v1,${Buffer.alloc(32).toString('base64')}`);
  const { data } = await service.ask('1004', 'call/2000');
  await waitFor('the webhook', () => output.includes(`${data!.callSid!} completed`));

  expect(status).toBe(401);
  expect(output.trim().split('\n')).toHaveLength(1);
  await endProgram(program);
});

it('an administrator uses every path with its types', async () => {
  const { callSid = '' } = (await service.ask('1005', 'call/2001')).data!;
  await service.ask('1005', `callState/${callSid}?after=3&wait=20`);
  const [printed] = await linesOf('api.js', { ADMIN: await service.token('1001', 'admin') });

  expect(printed).toBe(`[ '${callSid}' ]`);
});

describeInBrowser('the client in a web page of another origin', (browser) => {
  it('places a call and shows its states as they come', async () => {
    const page = await browser().newPage();
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    page.on('console', (message) => errors.push(message.text()));
    try {
      await page.goto(siteUrl);
      await page.click('button');
      await page.waitForFunction(`document.querySelector('output').textContent === '1234'`);

      expect(errors.filter((text) => !text.includes('favicon'))).toEqual([]);
    } finally {
      await page.close();
    }
  });
});

it('refers to no file that is not packed', async () => {
  const folder = join(client.folder, 'node_modules/ringback-client');
  const packed = await readdir(folder, { recursive: true });
  const { exports } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string>>;
  };
  const named = Object.values(exports).flatMap((path) => [path, path.replace(/\.js$/, '.d.ts')]);
  const referred = await Promise.all(
    packed
      .filter((name) => /\.(?:js|ts|map)$/.test(name))
      .map(async (name) => {
        const text = await readFile(join(folder, name), 'utf8');
        const found = name.endsWith('.map')
          ? (JSON.parse(text) as { readonly sources: string[] }).sources
          : [...text.matchAll(/ from '(\.[^']+)'|^\/\/# sourceMappingURL=(.+)$/gm)].map(([, a, b]) => a ?? b ?? '');
        return found.map((path) => join(dirname(name), path));
      }),
  );

  const wanted = [...new Set([...named.map((path) => join(path)), ...referred.flat()])];
  expect(wanted.filter((path) => !packed.includes(path))).toEqual([]);
  expect(wanted.length).toBeGreaterThan(named.length);
});

it('brings the licence of the service', async () => {
  const inPackage = join(client.folder, 'node_modules/ringback-client/LICENSE');

  expect(await readFile(inPackage, 'utf8')).toBe(await readFile(join(REPOSITORY, 'LICENSE'), 'utf8'));
});

it('has the version of the service', async () => {
  const versions = await Promise.all(
    ['package.json', 'client/package.json'].map(
      async (name) => (JSON.parse(await readFile(join(REPOSITORY, name), 'utf8')) as { version: string }).version,
    ),
  );

  expect(versions[1]).toBe(versions[0]);
});
