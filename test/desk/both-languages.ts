/** Cases of desk.test.ts, with its service and browser: each page, with its tabs and dialogs, in Chinese and in English. */
import type { Browser, Page } from 'playwright-core';
import { placeCall } from '../support/placed-call.js';
import { endOpenCalls } from '../support/stored-call.js';
import type { TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { openDesk, type DeskPage } from './desk-page.js';

/** What empties a list that has rows. */
const EMPTY: Readonly<Record<string, string>> = {
  calls: 'calls?provider=nobody',
  'calls/refused': 'calls/refused?fault=same_phone',
  figures: 'figures?provider=nobody',
  protection: 'protection?phone=95588',
  audit: 'audit?subject=nobody',
};

/** Words that are the same in Chinese: names of products, formats and things of the API, and the columns of files. */
const TERMS = [
  'Ringback ringback Webhook webhook App API URL https callSid id key token user simulator',
  'CSV JSON Lines UUID UTF GB CN Excel UTC Asia Shanghai',
  'phone reason source until provider prefix pricePerMinute currency billingStep connectionFee',
].flatMap((words) => words.split(' '));

/** Stored names, which stand alone or in a sentence. */
const NAMES = /Demo (?:caller \d+|customer service)|demo-\d+|https?:\/\/\S+/g;

/** What else is stored stands alone. The audit shows the fields of what was changed. */
const STORED = [
  ...['nobody', 'English', 'all', 'month', 'country', 'true', 'link', 'admin', 'admin, admin:numbers'],
  ...['budget:', 'freeze:', 'webhook-endpoint:', 'desk-session:'],
];

/** What a page shows, says to screen readers, and has as an example in a field, unless it is marked as English or as code. */
const TEXTS = `[...document.querySelectorAll('body *')]
  .filter((element) => !element.closest('[lang=en], code, script'))
  .flatMap((element) => [
    ...[...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ data }) => data),
    ...['aria-label', 'placeholder', 'title', 'alt'].map((name) => element.getAttribute(name) ?? ''),
  ])`;

const isEnglish = (text: string): boolean => {
  const words = text.replaceAll(NAMES, '').match(/[A-Za-z]{2,}/g) ?? [];
  // A button says what it is about: 只看对 budget:1 的操作.
  const stored = text.replaceAll(/\d|只看对|的操作/g, '').trim();
  return words.some((word) => !TERMS.includes(word)) && !STORED.includes(stored);
};

const isChinese = (text: string): boolean => /\p{Script=Han}/u.test(text) && text !== '中文';

export const describeBothLanguages = (browser: () => Browser, service: () => TestApp): void => {
  let desk: DeskPage;
  let page: Page;
  let receiver: WebhookReceiver;
  /** Of the menu, and of the tabs of its pages. */
  let paths: readonly string[];
  let begun: string;

  beforeAll(async () => {
    begun = new Date().toISOString();
    receiver = await startWebhookReceiver();
    desk = await openDesk(browser(), service(), { language: 'zh-CN' });
    ({ page } = desk);
    await show('');
    const menu = await pathsIn('.side nav');
    const tabs: string[] = [];
    for (const path of menu) {
      await show(path);
      tabs.push(...(await pathsIn('.tabs')));
    }
    paths = [...new Set([...menu, ...tabs])];
  });
  afterAll(async () => {
    const { database } = service();
    await desk.close();
    await receiver.close();
    await endOpenCalls(database);
    await database.query('delete from call_freeze; delete from budget; delete from webhook_endpoint');
  });

  const show = async (path: string): Promise<void> => {
    await desk.open(path);
    await page.locator('main h1').waitFor();
    await page.locator('.state-loading').first().waitFor({ state: 'detached' });
  };

  const pathsIn = async (place: string): Promise<string[]> => {
    const links = await page.locator(`${place} a`).all();
    const addresses = await Promise.all(links.map((link) => link.getAttribute('href')));
    return addresses.map((address) => (address ?? '').replace('/desk/', ''));
  };

  const texts = async (): Promise<string[]> => (await page.evaluate<string[]>(TEXTS)).map((text) => text.trim());

  /** Also of further filters, and of each dialog that the page has. */
  const allTexts = async (): Promise<string[]> => {
    for (const more of await page.getByRole('button', { name: '更多筛选' }).all()) await more.click();
    const found = await texts();
    const openers = page.locator('main button[aria-expanded=false]:not([aria-haspopup])');
    for (let at = 0; at < (await openers.count()); at++) {
      await openers.nth(at).click();
      const dialog = page.getByRole('dialog').or(page.getByRole('alertdialog'));
      await dialog.waitFor();
      found.push(...(await texts()));
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    }
    return [...new Set(found)];
  };

  const chooseLanguage = async (name: string): Promise<void> => {
    await page.getByRole('button', { name: /Language|语言/ }).click();
    await page.getByRole('option', { name }).click();
    await page.getByRole('option').first().waitFor({ state: 'detached' });
  };

  it('a page of the menu whose lists are empty has no English in Chinese', async () => {
    expect(paths).toEqual(expect.arrayContaining(['now', 'people', 'people/lines', 'protection/money', 'audit']));
    const faults: string[] = [];
    for (const path of paths) {
      await show(EMPTY[path] ?? path);
      for (const text of await texts()) if (isEnglish(text)) faults.push(`${path}: ${text}`);
    }

    expect(faults).toEqual([]);
  });

  it('a page with rows has no English in Chinese, nor have its dialogs, and no Chinese once English is chosen', async () => {
    const { admin } = service();
    const { id } = await registerEndpoint(service(), { url: receiver.url });
    await admin('POST', 'freezes', { kind: 'country', subject: 'GB' });
    await admin('PUT', 'budgets', { kind: 'all', period: 'month', amount: '500', timeZone: 'Asia/Shanghai' });
    const callSid = await placeCall(service(), '1041', '2003');
    await waitFor('its last delivery', () =>
      receiver.accepted(callSid).some(({ change }) => change.data.stateType === '4'),
    );
    await placeCall(service(), '1042', '2013');
    const further = [
      ...[`calls/${callSid}`, 'people/users/1001', `webhooks/${id}`, `webhooks/${id}/deliveries/${callSid}-1`],
      ...['providers?callerId=1001&calleeId=2000', 'nothing/here'],
    ];

    const faults: string[] = [];
    for (const path of [...paths, ...further]) {
      // The audit has the fields of whatever was changed before.
      await show(path === 'audit' ? `audit?from=${begun}` : path);
      for (const text of await allTexts()) if (isEnglish(text)) faults.push(`${path}: ${text}`);
      await chooseLanguage('English');
      for (const text of await texts()) if (isChinese(text)) faults.push(`${path}, in English: ${text}`);
      await chooseLanguage('中文');
    }

    expect([faults, desk.faults]).toEqual([[], []]);
  });
};
