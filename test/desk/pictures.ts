/** `npm run desk:pictures`: each page in both languages, into docs/pictures/desk. Not a test: it compares nothing. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { CHROMIUM, BROWSER_ARGUMENTS } from '../support/browser.js';
import { cacheFolder, fetchPackages } from '../support/debian-packages.js';
import { REPOSITORY } from '../support/node-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { openDesk, ON_A_PHONE } from './desk-page.js';

const FOLDER = join(REPOSITORY, 'docs/pictures/desk');

/** What is shown of each page, and how to know that it is there. */
const PAGES = [
  { name: 'providers', path: 'providers?callerId=1001&calleeId=2000', shows: '.outcome' },
  { name: 'people', path: 'people/users/1006', shows: 'table' },
  { name: 'service-lines', path: 'people/lines', shows: 'table' },
  { name: 'suppressions', path: 'protection', shows: 'table' },
  { name: 'money', path: 'protection/money', shows: 'table >> nth=1' },
] as const;

/** What the pages show beside the demo directory. */
const fill = async ({ url, admin, token }: TestApp): Promise<void> => {
  await admin('PATCH', 'users/1006', { name: '王小明', externalId: 'm-1006', shown: { toCallee: '010-56469588' } });
  const workday = ['09:00-12:00', '13:30-18:00'];
  const week = { monday: workday, tuesday: workday, wednesday: workday, thursday: workday, friday: ['09:00-18:00'] };
  const hours = { timeZone: 'Asia/Shanghai', week, holidays: ['2026-10-01', '2026-10-02'] };
  const line = { name: '售后服务', phone: '400-000-0001', open: true, position: 2, callsAtOnce: 5, hours };
  await admin('POST', 'service-lines', line);
  const suppressions = [
    { phone: '138 0000 2000', reason: 'asked not to be called', source: 'hotline' },
    { phone: '138 0000 2001', reason: 'asked not to be called', until: '2026-01-01T00:00:00Z' },
    { phone: '95588', source: 'register', until: '2030-01-01T00:00:00Z' },
  ];
  await admin('PUT', 'suppressions', { suppressions });
  await fetch(`${url}/v1/admin/prices.csv`, {
    method: 'PUT',
    headers: { 'content-type': 'text/csv', authorization: `Bearer ${await token('1001', 'admin')}` },
    body: 'provider,prefix,pricePerMinute,currency,billingStep,connectionFee\nsimulator,+86,0.12,CNY,60,0\nsimulator,+1,0.5,CNY,6,0.05\n',
  });
  for (const budget of [
    { kind: 'all', period: 'month', amount: '5000' },
    { kind: 'user', subject: '*', period: 'day', amount: '50' },
  ]) {
    await admin('PUT', 'budgets', { ...budget, timeZone: 'Asia/Shanghai' });
  }
};

/** WenQuanYi Micro Hei, for machines without Chinese fonts. */
const FONTS = { folder: cacheFolder('fonts'), suites: 'bookworm trixie', names: ['fonts-wqy-microhei'] };

/** @returns a configuration of fontconfig with the system's fonts and the fetched ones */
const fontsIn = async (folder: string): Promise<string> => {
  const missing = await fetchPackages(FONTS);
  if (missing !== null) throw new Error(missing);
  const file = join(folder, 'fonts.conf');
  const fonts = join(FONTS.folder, 'usr/share/fonts');
  const lines = [`<dir>${fonts}</dir>`, `<cachedir>${folder}</cachedir>`];
  await writeFile(
    file,
    `<?xml version="1.0"?><fontconfig><include>/etc/fonts/fonts.conf</include>${lines.join('')}</fontconfig>`,
  );
  return file;
};

jest.setTimeout(120_000);

it('draws the pages', async () => {
  const service = await startTestApp();
  const folder = await mkdtemp(join(tmpdir(), 'ringback-fonts-'));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: BROWSER_ARGUMENTS,
    env: { FONTCONFIG_FILE: await fontsIn(folder) },
  });
  await fill(service);
  await mkdir(FOLDER, { recursive: true });
  const draw = async (name: string, path: string, shows: string, options: Parameters<typeof openDesk>[2]) => {
    const { page, open, close } = await openDesk(browser, service, options);
    await open(path);
    await page.locator(shows).waitFor();
    await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true });
    await close();
  };
  try {
    for (const language of ['en-US', 'zh-CN'] as const) {
      const tag = language.slice(0, 2);
      await draw(`sign-in.${tag}`, 'sign-in', 'form', { language, isSignedIn: false });
      for (const { name, path, shows } of PAGES) await draw(`${name}.${tag}`, path, shows, { language });
    }
    const [{ name, path, shows }] = PAGES;
    await draw(`${name}.dark`, path, shows, { theme: 'dark' });
    await draw(`${name}.phone`, path, shows, { ...ON_A_PHONE });
  } finally {
    await browser.close();
    await service.close();
    await rm(folder, { recursive: true });
  }
});
