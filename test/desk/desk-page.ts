/** A browser that is signed in to the desk, and notes what must not happen in it. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Locator, Page } from 'playwright-core';
import type { TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { cookieIn, linkFor, signIn } from './desk-requests.js';

export interface DeskPage {
  readonly page: Page;
  /** Errors on the console, uncaught ones, and requests to other hosts. */
  readonly faults: readonly string[];
  /** Those so far. They do not count any more. */
  takeFaults(): string[];
  /** Opens an address below /desk/. */
  open(path: string): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  readonly language?: 'en-US' | 'zh-CN' | 'fr-FR';
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** False stays at the page for signing in. */
  readonly isSignedIn?: boolean;
}

const PHONE = { width: 360, height: 780 };
export const ON_A_PHONE: Options = PHONE;

/** @param url of the service, if it is not its own: a proxy */
export const openDesk = async (
  browser: Browser,
  service: Pick<TestApp, 'url'>,
  { language = 'en-US', theme = 'light', width = 1280, height = 860, isSignedIn = true }: Options = {},
): Promise<DeskPage> => {
  const context = await browser.newContext({
    locale: language,
    colorScheme: theme,
    viewport: { width, height },
    timezoneId: 'Asia/Shanghai',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(service.url)) faults.push(`a request to ${request.url()}`);
  });
  const open = async (path: string): Promise<void> => {
    await page.goto(`${service.url}/desk/${path}`);
  };
  if (isSignedIn) {
    // Without the page for signing in: loading it takes a second of the processor, and has tests of its own.
    const [name = '', value = ''] = cookieIn(await signIn(service, { link: await linkFor('1001') })).split('=');
    await context.addCookies([{ name, value, url: service.url, httpOnly: true, sameSite: 'Strict' }]);
  }
  return { page, faults, takeFaults: () => faults.splice(0), open, close: () => context.close() };
};

/**
 * What axe finds serious or critical, as text. For some seconds react-aria's announcer keeps the name of a button that may
 * be gone with its dialog.
 */
export const seriousFaults = async (page: Page): Promise<string[]> => {
  const { violations } = await new AxeBuilder({ page }).exclude('[data-live-announcer]').analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`));
};

/** More than any page has places to stop at. */
const MOST_PRESSES = 150;

/** Presses Tab until that has the focus. @throws if the keyboard does not reach it */
export const tabTo = async (page: Page, target: Locator): Promise<void> => {
  await target.waitFor();
  for (let presses = 0; presses < MOST_PRESSES; presses++) {
    if (await hasFocus(page, target)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach ${target.toString()}`);
};

/** Presses a button, or follows a link, by keyboard alone. */
export const pressAt = async (page: Page, target: Locator, key = 'Enter'): Promise<void> => {
  await tabTo(page, target);
  await page.keyboard.press(key);
};

/** Writes into a field by keyboard alone, in place of what it has. */
export const typeInto = async (page: Page, field: Locator, text: string): Promise<void> => {
  await tabTo(page, field);
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
};

/** Opens a list and chooses in it by keyboard alone. */
export const chooseAt = async (page: Page, list: Locator, name: string): Promise<void> => {
  await pressAt(page, list);
  const option = page.getByRole('option', { name });
  await option.waitFor();
  await page.keyboard.press('Home');
  for (let presses = 0; presses < MOST_PRESSES && !(await hasFocus(page, option)); presses++) {
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');
  await option.waitFor({ state: 'detached' });
};

/**
 * Presses a button that asks, then the button of its question, by keyboard alone. The focus comes back to the page, so
 * the next key goes on there.
 * @param words of the question
 */
export const confirmAt = async (page: Page, opener: Locator, name: string, words?: string | RegExp): Promise<void> => {
  const dialog = page.getByRole('alertdialog');
  await pressAt(page, opener);
  if (words !== undefined) await dialog.getByText(words).waitFor();
  await pressAt(page, dialog.getByRole('button', { name, exact: true }));
  await dialog.waitFor({ state: 'detached' });
  await focusOnPage(page);
};

/** Waits until the main part of the page, or something in it, has the focus. */
export const focusOnPage = (page: Page): Promise<unknown> =>
  waitFor('the focus to be on the page', () =>
    page.evaluate<boolean>('document.activeElement.closest("main") !== null'),
  );

/**
 * Chooses a file by keyboard alone. The window of the system is not the page's. The browser keeps it for the test if it was told to
 * before. It is told first, because the key may overtake that; the look for the focus does not.
 */
export const chooseFileAt = async (
  page: Page,
  field: Locator,
  content: Buffer | string,
  name: string,
): Promise<void> => {
  const window = page.waitForEvent('filechooser');
  const [chooser] = await Promise.all([window, pressAt(page, field)]);
  await chooser.setFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(content) });
};

export const hasFocus = async (page: Page, target: Locator): Promise<boolean> =>
  (await target.and(page.locator(':focus')).count()) === 1;

/** Keeps the open page from reading chosen files of that name. @returns what lets it read on */
export const holdFile = async (page: Page, name: string): Promise<() => Promise<void>> => {
  await page.evaluate(`(() => {
    const { arrayBuffer } = Blob.prototype;
    const released = new Promise((resolve) => {
      window.readOn = () => resolve();
    });
    Blob.prototype.arrayBuffer = async function () {
      if (this.name === ${JSON.stringify(name)}) await released;
      return arrayBuffer.call(this);
    };
  })()`);
  return () => page.evaluate('window.readOn()');
};

/** By which the page is wider than its window. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** The browser’s own line for a refusal, which the page shows. */
export const expectRefusal = (desk: DeskPage, status: number): void => {
  expect(desk.takeFaults()).toEqual([expect.stringContaining(`status of ${status}`)]);
};
