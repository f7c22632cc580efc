/** `npm run desk:pictures`: each page in both languages, into docs/pictures/desk. Not a test: it compares nothing. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { CHROMIUM, BROWSER_ARGUMENTS } from '../support/browser.js';
import { REPOSITORY } from '../support/node-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { openDesk, ON_A_PHONE } from './desk-page.js';
import { storeSomePeople } from './some-people.js';
import { FOR_SOME_CALLS, placeSomeCalls, type SomeCalls } from './some-calls.js';
import { fontsIn } from './fonts.js';

const FOLDER = join(REPOSITORY, 'docs/pictures/desk');

interface Shown {
  readonly name: string;
  readonly path: string | ((calls: SomeCalls) => string);
  /** How to know that it is there. */
  readonly shows: string;
  /** Also in dark, and on a phone. */
  readonly isFull?: true;
}

/** `npm run desk:pictures -- -t 'the page: calls'` draws one of them. */
const PAGES: readonly Shown[] = [
  { name: 'providers', path: 'providers?callerId=1001&calleeId=2000', shows: '.outcome', isFull: true },
  { name: 'calls', path: 'calls', shows: 'tbody tr' },
  { name: 'call', path: ({ completed }) => `calls/${completed}`, shows: '.deliveries-of-endpoint', isFull: true },
  { name: 'refused-calls', path: 'calls/refused', shows: 'tbody tr' },
  { name: 'people', path: 'people/users/1006', shows: 'table' },
  { name: 'service-lines', path: 'people/lines', shows: 'table' },
  { name: 'suppressions', path: 'protection', shows: 'table' },
  { name: 'money', path: 'protection/money', shows: 'table >> nth=1' },
];

jest.setTimeout(120_000);

describe('draws', () => {
  let service: TestApp;
  let calls: SomeCalls;
  let folder: string;
  let browser: Browser;

  beforeAll(async () => {
    // Slow enough for steps as people see them.
    service = await startTestApp({ environment: { ...FOR_SOME_CALLS, SIMULATOR_SPEED: '10' } });
    calls = await placeSomeCalls(service);
    await storeSomePeople(service);
    folder = await mkdtemp(join(tmpdir(), 'ringback-fonts-'));
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: BROWSER_ARGUMENTS,
      env: { FONTCONFIG_FILE: await fontsIn(folder) },
    });
    await mkdir(FOLDER, { recursive: true });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await calls.receiver.close();
    await service.close();
    await rm(folder, { recursive: true });
  });

  const draw = async (name: string, path: string, shows: string, options: Parameters<typeof openDesk>[2]) => {
    const { page, open, close } = await openDesk(browser, service, options);
    await open(path);
    await page.locator(shows).first().waitFor();
    await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true });
    await close();
  };

  it('the sign-in', async () => {
    for (const language of ['en-US', 'zh-CN'] as const) {
      await draw(`sign-in.${language.slice(0, 2)}`, 'sign-in', 'form', { language, isSignedIn: false });
    }
  });

  it.each(PAGES)('the page: $name', async ({ name, path, shows, isFull }) => {
    const address = typeof path === 'string' ? path : path(calls);
    for (const language of ['en-US', 'zh-CN'] as const) {
      await draw(`${name}.${language.slice(0, 2)}`, address, shows, { language });
    }
    if (!isFull) return;
    await draw(`${name}.dark`, address, shows, { theme: 'dark' });
    await draw(`${name}.phone`, address, shows, { ...ON_A_PHONE });
  });
});
