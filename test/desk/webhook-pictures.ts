/** `npm run desk:pictures`: the pages of the webhooks and of the audit, in both languages. Not a test: it compares nothing. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { CHROMIUM, BROWSER_ARGUMENTS } from '../support/browser.js';
import { REPOSITORY } from '../support/node-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { openDesk } from './desk-page.js';
import { fontsIn } from './fonts.js';
import { ENVIRONMENT_OF_WEBHOOKS, storeWebhooks } from './shown-webhooks.js';

const FOLDER = join(REPOSITORY, 'docs/pictures/desk');

/** What is shown of each page, and how to know that it is there. */
const PAGES = [
  { name: 'webhooks', path: 'webhooks', shows: 'tbody' },
  { name: 'webhook-endpoint', path: 'webhooks/1', shows: 'tbody' },
  { name: 'webhook-delivery', path: 'webhooks/1/deliveries/:deliveryId', shows: 'tbody' },
  { name: 'audit', path: 'audit?to=:now', shows: 'tbody' },
] as const;

/** For the audit. */
const changeSomething = async ({ admin }: TestApp): Promise<void> => {
  await admin('POST', 'users', { id: '3008', name: '李小红', phone: '+8613800138008' });
  await admin('PATCH', 'users/3008', { phone: '+8613900139009', blocked: true });
  await admin('GET', 'calls?phone=13900139009');
  await admin('PUT', 'users/1001/sub-accounts/simulator', { externalId: 'sub-1001', secret: 'of the picture' });
  await admin('POST', 'api-keys', { name: 'crm', scopes: ['calls:read'] });
};

jest.setTimeout(120_000);

it('draws the pages', async () => {
  const service = await startTestApp({ environment: ENVIRONMENT_OF_WEBHOOKS });
  const deliveryId = await storeWebhooks(service);
  await changeSomething(service);
  const now = encodeURIComponent(new Date().toISOString());
  const folder = await mkdtemp(join(tmpdir(), 'ringback-fonts-'));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: BROWSER_ARGUMENTS,
    env: { FONTCONFIG_FILE: await fontsIn(folder) },
  });
  await mkdir(FOLDER, { recursive: true });
  const draw = async (name: string, path: string, shows: string, options: Parameters<typeof openDesk>[2]) => {
    const { page, open, close } = await openDesk(browser, service, options);
    await open(path.replace(':deliveryId', deliveryId).replace(':now', now));
    await page.locator(shows).waitFor();
    await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true });
    await close();
  };
  try {
    for (const language of ['en-US', 'zh-CN'] as const) {
      const tag = language.slice(0, 2);
      for (const { name, path, shows } of PAGES) await draw(`${name}.${tag}`, path, shows, { language });
    }
  } finally {
    await browser.close();
    await service.close();
    await rm(folder, { recursive: true });
  }
});
