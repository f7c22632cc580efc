/** The page of the audit: who did what, found by filters that the address keeps. */
import type { Browser, Locator, Page } from 'playwright-core';
import { WITHOUT_ENTRY } from '../admin/without-entry.js';
import { fetchDocument, operationsOf } from '../api-document/document.js';
import { describeInBrowser } from '../support/browser.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import {
  chooseAt,
  focusOnPage,
  ON_A_PHONE,
  openDesk,
  overflowOf,
  pressAt,
  seriousFaults,
  type DeskPage,
} from './desk-page.js';

describeInBrowser('the page of the audit', (browser: () => Browser) => {
  let service: TestApp;
  let desk: DeskPage;
  let page: Page;

  beforeAll(async () => {
    service = await startTestApp();
    desk = await openDesk(browser(), service);
    ({ page } = desk);
    await sent('POST', 'users', { id: '820001', name: '王小明', phone: '+8613800138000' });
    await sent('PATCH', 'users/820001', { blocked: true, name: '王大明' });
    await sent('PATCH', 'users/820001', { blocked: false });
    await sent('DELETE', 'users/820001');
  });
  afterAll(async () => {
    await desk.close();
    await service.close();
  });
  afterEach(() => expect(desk.takeFaults()).toEqual([]));

  const sent = async (method: string, path: string, body?: unknown): Promise<void> => {
    const response = await service.admin(method, path, body);
    if (!response.ok) throw new Error(await response.text());
  };

  const table = (): Locator => page.getByRole('table', { name: 'Audit' });

  /** The rows' texts, without that of the heads. */
  const rows = async (): Promise<string[]> => {
    await table().waitFor();
    return (await table().getByRole('row').allInnerTexts()).slice(1);
  };

  it('shows who did what on what, and each field as it was and as it is since', async () => {
    await desk.open('audit?target=user:820001');

    const [removed, , changed, created] = await rows();

    expect(created).toMatch(/1001\s+Create a user/);
    expect(created).toContain('138****8000');
    expect(created).not.toContain('externalId');
    expect(created).not.toMatch(/shown|\{/);
    expect(changed).toMatch(/Change a user/);
    expect(changed).toMatch(/blocked\s+false → true/);
    expect(changed).toMatch(/name\s+王小明 → 王大明/);
    expect(removed).toMatch(/Remove a user/);
    expect(removed).toMatch(/name\s+was 王大明/);
    expect(await page.content()).not.toContain('13800138000');
  });

  it('keeps its filters in the address, and leads from an entry to more of the same, by keyboard alone', async () => {
    await desk.open('audit');
    await table().waitFor();

    await chooseAt(page, page.getByRole('search').getByRole('button', { name: /What/ }), 'Change a user');
    await page.waitForURL('**/audit?action=changeUser');
    await pressAt(page, page.getByRole('link', { name: 'Only what was done to user:820001' }).first());

    await page.waitForURL('**/audit?target=user%3A820001');
    expect(await rows()).toHaveLength(4);
    await pressAt(page, page.getByRole('link', { name: '1001' }).first());
    await page.waitForURL('**/audit?target=user%3A820001&subject=1001');
    expect(await rows()).toHaveLength(4);
    await pressAt(page, page.getByRole('button', { name: 'Clear filters' }));
    await page.waitForURL('**/audit');
  });

  it('has times as instants in the address, and in the browser’s zone in the fields', async () => {
    await desk.open('audit');
    await table().waitFor();

    await page.getByLabel('Before').fill('2020-01-02T08:30');
    await page.keyboard.press('Enter');

    await page.waitForURL(`**/audit?to=${encodeURIComponent('2020-01-02T00:30:00.000Z')}`);
    await page.getByText('Nothing matches these filters.').waitFor();
    expect(await page.getByLabel('Before').inputValue()).toBe('2020-01-02T08:30');
  });

  it('leads from what a session did to its sign-in, by keyboard alone', async () => {
    await desk.open('providers?callerId=1001&calleeId=2000');
    await page.locator('.outcome').waitFor();
    await desk.open('audit?action=dryRun');
    await table().waitFor();

    await pressAt(page, page.getByText('Request', { exact: true }).first());
    await pressAt(page, page.getByRole('link', { name: 'Its sign-in' }).first());

    await page.waitForURL('**/audit?target=desk-session*');
    const [signIn, ...others] = await rows();
    expect(others).toEqual([]);
    expect(signIn).toMatch(/Sign in to the desk/);
    expect(signIn).toMatch(/by\s+link/);
  });

  describe('of several pages', () => {
    beforeAll(async () => {
      for (let id = 820_100; id < 820_155; id++) {
        await sent('POST', 'users', { id: String(id), name: '李小红', phone: '+8613800138001' });
      }
    });

    it('loads one page, and more on demand', async () => {
      await desk.open('audit?action=createUser');
      expect(await rows()).toHaveLength(50);

      await page.getByRole('button', { name: 'Show more' }).click();

      await table().getByText('user:820001', { exact: true }).first().waitFor();
      expect((await rows()).length).toBeGreaterThanOrEqual(56);
    });

    it.each(['Show more', 'Try again'])(
      '“%s” reads nothing again that is shown, once a lost connection is back',
      async (name) => {
        await desk.open('audit');
        expect(await rows()).toHaveLength(50);
        await page.context().setOffline(true);
        await page.getByRole('button', { name: 'Show more' }).click();
        await page.getByText('Check your connection, then try again.').waitFor();
        // The browser's own line for the request that failed.
        desk.takeFaults();
        const asked: URL[] = [];
        page.on('request', (request) => asked.push(new URL(request.url())));

        await page.context().setOffline(false);
        await page.getByRole('button', { name }).click();
        await table().getByText('user:820001', { exact: true }).first().waitFor();
        await focusOnPage(page);

        const audits = asked.filter(({ pathname }) => pathname === '/v1/admin/audit');
        expect(audits.map(({ searchParams }) => searchParams.has('after'))).toEqual([true]);
      },
    );
  });

  it('says that looking on has failed, where nothing is found yet', async () => {
    await page.route('**/v1/admin/audit?*', (route) =>
      new URL(route.request().url()).searchParams.has('after')
        ? route.abort()
        : route.fulfill({ json: { items: [], next: '1' } }),
    );
    await desk.open('audit');
    await page.getByRole('button', { name: 'Look at older ones' }).click();

    await page.getByRole('alert').waitFor();
    await page.unroute('**/v1/admin/audit?*');
    // The browser's own lines for the requests that failed.
    desk.takeFaults();
  });

  it('says what is wrong with an address', async () => {
    await desk.open('audit?from=yesterday');

    await page.getByText('The service does not accept this.').waitFor();
    await page.getByText('/from').waitFor();

    // The browser's own line for each 400.
    desk.takeFaults();
  });

  it('names each operation that leaves an entry', async () => {
    await desk.open('audit');
    await page.getByRole('search').getByRole('button', { name: /What/ }).click();

    await page.getByRole('option').first().waitFor();
    const keys = await page.evaluate<string[]>(
      `[...document.querySelectorAll('[role=option]')].map((option) => option.dataset.key)`,
    );

    const ids = operationsOf(await fetchDocument(service.url))
      .filter(({ path }) => path.startsWith('/v1/admin'))
      .map(({ operation }) => operation.operationId!);
    const others = ['signInToDesk', 'freezeByRule'];
    expect(keys).toEqual(expect.arrayContaining([...ids.filter((id) => !WITHOUT_ENTRY.includes(id)), ...others]));
    expect(keys.filter((key) => !['any', ...others, ...ids].includes(key))).toEqual([]);
  });

  it.each([
    ['light', {}],
    ['dark', { ...ON_A_PHONE, language: 'zh-CN' }],
  ] as const)('has no fault that axe finds serious, in %s, and is not too wide', async (theme, options) => {
    const other = await openDesk(browser(), service, { theme, ...options });
    await other.open('audit?target=user:820001');
    await other.page.getByRole('table').waitFor();
    await other.page.locator('summary').first().click();

    expect(await seriousFaults(other.page)).toEqual([]);
    expect(await overflowOf(other.page)).toBe(0);
    expect(other.faults).toEqual([]);
    await other.close();
  });
});
