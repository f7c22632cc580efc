/** The live calls in a browser: the list as it changes, hanging up, filters, a lost connection, a thousand calls. */
import type { Browser, Page } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { placeCall } from '../support/placed-call.js';
import { applyStep, endOpenCalls, storeCall, type StoredCall } from '../support/stored-call.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { hasFocus, ON_A_PHONE, openDesk, overflowOf, seriousFaults, tabTo, type DeskPage } from './desk-page.js';
import { FROM_DESK } from './desk-requests.js';

const CALLS = 1_000;
const CHANGED = 400;
/** The connections of the service's pool are few. */
const AT_ONCE = 5;
/** More than fit on the screen, and far less than the calls. */
const MOST_ROWS = 60;

describeInBrowser('the live calls on the desk', (browser: () => Browser) => {
  let service: TestApp;
  let proxy: TcpProxy;
  /** The service through a line that can be cut. */
  let throughProxy: { readonly url: string };
  let desk: DeskPage;
  let page: Page;

  beforeAll(async () => {
    service = await startTestApp();
    proxy = await startTcpProxy(Number(new URL(service.url).port));
    throughProxy = { url: `http://127.0.0.1:${proxy.port}` };
    desk = await openDesk(browser(), throughProxy);
    ({ page } = desk);
  });
  afterAll(async () => {
    await desk.close();
    await proxy.close();
    await service.close();
  });
  afterEach(async () => {
    proxy.mode = 'pass';
    await endOpenCalls(service.database);
    expect(desk.takeFaults()).toEqual([]);
  });

  const open = async (path = 'now', on = desk): Promise<void> => {
    await on.open(path);
    await isLive(on.page);
  };
  const isLive = (of: Page): Promise<void> => of.locator('.live-link', { hasText: /Live|实时/ }).waitFor();
  const rowOf = (callSid: string, of = page) => of.locator(`[data-call="${callSid}"]`);
  const counts = (of = page): Promise<string[]> => of.locator('.live-counts dd').allInnerTexts();
  const step = (callSid: string, type: 'ringing' | 'answered' | 'ended'): Promise<unknown> =>
    applyStep(service.database, callSid, type);
  const storeCalls = async (count: number): Promise<StoredCall[]> => {
    const calls: StoredCall[] = [];
    for (let left = count; left > 0; left -= AT_ONCE) {
      const some = Array.from({ length: Math.min(left, AT_ONCE) }, () => storeCall(service.database));
      calls.push(...(await Promise.all(some)));
    }
    return calls;
  };

  /**
   * Frame times depend on the machine, so a limit on them would judge the machine. The number of rows that are drawn for a change does
   * not: it is one, whatever the number of calls. React gives an element other properties each time it draws it, and keeps them at its
   * node, under a name that begins so.
   */
  const PROPERTIES = `(row) => row[Object.keys(row).find((name) => name.startsWith('__reactProps'))]`;
  const watchRows = (): Promise<void> =>
    page.evaluate(`(() => {
      globalThis.rowsBefore = [...document.querySelectorAll('[data-call]')].map((row) => [row, (${PROPERTIES})(row)]);
    })()`);
  const rowsDrawnAgain = (): Promise<string[]> =>
    page.evaluate(`rowsBefore
      .filter(([row, properties]) => !row.isConnected || (${PROPERTIES})(row) !== properties)
      .map(([row]) => row.dataset.call)`);

  it('shows each call as it changes, and lets it go at its end', async () => {
    await open();
    await page.getByText('No call is live.').waitFor();

    const { callSid, callerId } = await storeCall(service.database);
    const row = rowOf(callSid);
    await row.getByText('Not ringing yet').waitFor();
    expect(await row.innerText()).toContain('Requested');
    for (const text of [callerId, '+86 139 0000 1001', '2000', '+86 138 0000 2000', 'elsewhere']) {
      expect(await row.innerText()).toContain(text);
    }
    expect(await row.getByRole('link').getAttribute('href')).toMatch(new RegExp(`/desk/calls/${callSid}$`));
    const age = await row.getByRole('link').innerText();

    await step(callSid, 'ringing');
    await row.getByText('Rings').waitFor();
    await step(callSid, 'answered');
    await row.getByText('Talks').first().waitFor();
    expect(await counts()).toEqual(['1', '0', '0', '1']);
    await waitFor('the age to tick', async () => (await row.getByRole('link').innerText()) !== age);

    await step(callSid, 'ended');
    await page.getByText('No call is live.').waitFor();
  });

  it('hangs up after a question that names the two', async () => {
    await open();
    const callSid = await placeCall(service, '1010', '2013');
    await rowOf(callSid).getByText('Talks').first().waitFor();

    // Said without its row, it is one of many.
    const name = /^Hang up: 1010 \(\+86 1[\d ]+\) with 2013 \(\+86 138 0000 2013\)$/;
    await rowOf(callSid).getByRole('button', { name }).click();
    const dialog = page.getByRole('alertdialog', { name: 'Hang up this call?' });
    await dialog.getByText(/1010 \(\+86 1[\d ]+\) with 2013 \(\+86 138 0000 2013\), by simulator/).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Hang up' }).click();

    await page.getByText('The call is hung up.').waitFor();
    await rowOf(callSid).waitFor({ state: 'detached' });
    const call: unknown = await (await service.admin('GET', `calls/${callSid}`)).json();
    expect(call).toMatchObject({ stateType: '4', endedBy: 'cancel', canceledBy: 'admin' });
  });

  it('by keyboard alone: filters the calls, opens one, and hangs it up after the question', async () => {
    const { callSid: other } = await storeCall(service.database);
    const callSid = await placeCall(service, '1011', '2013');
    await open();
    await rowOf(callSid).getByText('Talks').first().waitFor();
    await rowOf(other).waitFor();

    await tabTo(page, page.getByRole('button', { name: /State/ }));
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: 'Talking' }).waitFor();
    for (let steps = 0; steps < 3; steps++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await rowOf(other).waitFor({ state: 'detached' });
    expect(page.url()).toBe(`${throughProxy.url}/desk/now?stateType=3`);
    await tabTo(page, rowOf(callSid).getByRole('link'));
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/desk/calls/${callSid}`);
    await waitFor('the focus to be on the page', () => hasFocus(page, page.getByRole('main')));
    await tabTo(page, page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Now' }));
    await page.keyboard.press('Enter');

    const hangUp = rowOf(callSid).getByRole('button', { name: 'Hang up' });
    const dialog = page.getByRole('alertdialog', { name: 'Hang up this call?' });
    await tabTo(page, hangUp);
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await waitFor('the focus to come back', () => hasFocus(page, hangUp));
    await page.keyboard.press('Enter');
    await tabTo(page, dialog.getByRole('button', { name: 'Hang up' }));
    await page.keyboard.press('Enter');

    await rowOf(callSid).waitFor({ state: 'detached' });
    await waitFor('the focus to be on the outcome', () => hasFocus(page, page.getByText('The call is hung up.')));
    expect(await (await service.admin('GET', `calls/${callSid}`)).json()).toMatchObject({ canceledBy: 'admin' });
  });

  it('keeps its filters in the address', async () => {
    const { callSid: one } = await storeCall(service.database, { provider: 'one' });
    const { callSid: two } = await storeCall(service.database, { provider: 'two' });
    await step(two, 'ringing');
    await open();
    await rowOf(one).waitFor();

    await page.getByRole('button', { name: 'More filters' }).click();
    await page.getByLabel('Provider').fill('two');
    await page.getByLabel('Provider').press('Enter');
    await rowOf(one).waitFor({ state: 'detached' });
    await rowOf(two).waitFor();
    expect(page.url()).toBe(`${throughProxy.url}/desk/now?provider=two`);

    await open('now?stateType=1');
    await rowOf(one).waitFor();
    expect(await rowOf(two).count()).toBe(0);
    await open('now?provider=nobody');
    await page.getByText('No live call matches these filters.').waitFor();
    await desk.open('now?phone=12');
    await page.getByText('The service does not accept this.').waitFor();
    // The browser's own line for the refusal.
    desk.takeFaults();
  });

  it('holds still on demand', async () => {
    const { callSid } = await storeCall(service.database);
    await open();
    await rowOf(callSid).waitFor();

    await page.getByRole('button', { name: 'Hold still' }).click();
    await step(callSid, 'ringing');
    await page.getByText('The list holds still. 1 changes since.').waitFor();
    expect(await rowOf(callSid).innerText()).toContain('Requested');

    await page.getByRole('button', { name: 'Go on' }).click();
    await rowOf(callSid).getByText('Rings').waitFor();
  });

  it('says when it is not live, and goes on where it was', async () => {
    const { callSid } = await storeCall(service.database);
    await open();
    await rowOf(callSid).waitFor();
    const ids: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/calls/stream')) ids.push(request.headers()['last-event-id']);
    });

    proxy.mode = 'cut';
    await page.getByText(/^Not live since/).waitFor();
    expect(await rowOf(callSid).count()).toBe(1);
    await step(callSid, 'ringing');
    proxy.mode = 'pass';

    await rowOf(callSid).getByText('Rings').waitFor();
    await isLive(page);
    await page.getByText(/^Not live since/).waitFor({ state: 'detached' });
    expect(ids.at(-1)).toMatch(/^\d+-\d+:\d+:/);
    desk.takeFaults();
  });

  it(`stays smooth with ${CALLS} calls of which ${CHANGED} change, and draws only the row of a call that changes`, async () => {
    const calls = await storeCalls(CALLS - 1);
    const newest = await storeCall(service.database, { serviceLineId: '1' });
    await open();
    await waitFor('all calls', async () => (await counts())[0] === String(CALLS), 30_000);
    // The names of the lines come by themselves, and all rows with them.
    await rowOf(newest.callSid).getByText('Demo customer service').waitFor();

    await watchRows();
    await step(newest.callSid, 'ringing');
    await rowOf(newest.callSid).getByText('Rings').waitFor();
    expect(await rowsDrawnAgain()).toEqual([newest.callSid]);
    // The oldest one is out of sight.
    const [oldest, ...others] = calls;
    await step(oldest!.callSid, 'ringing');
    await waitFor('the change out of sight', async () => (await counts())[2] === '2');
    expect(await rowsDrawnAgain()).toEqual([newest.callSid]);

    await page.evaluate(`(() => {
      const frames = [];
      const tasks = [];
      new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) tasks.push(duration); }).observe({ type: 'longtask' });
      let last = performance.now();
      let most = 0;
      const next = (now) => {
        frames.push(now - last);
        last = now;
        most = Math.max(most, document.querySelectorAll('[data-call]').length);
        measured.most = most;
        requestAnimationFrame(next);
      };
      globalThis.measured = { frames, tasks, most };
      requestAnimationFrame(next);
    })()`);

    const begun = performance.now();
    for (let at = 0; at < CHANGED; at += AT_ONCE) {
      await Promise.all(others.slice(at, at + AT_ONCE).map(({ callSid }) => step(callSid, 'ringing')));
      // It is looked through meanwhile.
      await page.mouse.wheel(0, at % 10 === 0 ? 4_000 : -2_000);
    }
    await waitFor('all changes', async () => (await counts())[2] === String(2 + CHANGED), 30_000);
    const seconds = (performance.now() - begun) / 1_000;

    const { frames, tasks, most } = await page.evaluate<{ frames: number[]; tasks: number[]; most: number }>(
      'measured',
    );
    const sorted = frames.toSorted((one, other) => one - other);
    const quantile = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
    process.stdout.write(
      `\n${CALLS} live calls, ${CHANGED} changes in ${seconds.toFixed(1)} s: ${frames.length} frames, median ${quantile(0.5)} ms, ` +
        `95 % ${quantile(0.95)} ms, 99 % ${quantile(0.99)} ms, longest ${quantile(1)} ms; ${tasks.length} tasks over 50 ms; at most ${most} rows\n`,
    );
    expect(most).toBeGreaterThan(5);
    expect(most).toBeLessThan(MOST_ROWS);
    expect(await page.getByRole('table', { name: 'Live calls' }).getAttribute('aria-rowcount')).toBe(String(CALLS + 1));
    // The whole list is there, though not its rows.
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
    await page.locator(`[aria-rowindex="${CALLS + 1}"]`).waitFor();
  });

  it.each([
    ['en-US', 'light', {}],
    ['zh-CN', 'dark', ON_A_PHONE],
  ] as const)('axe finds nothing serious, and all fits: %s, %s', async (language, theme, size) => {
    const [first] = await storeCalls(3);
    await step(first!.callSid, 'ringing');
    const other = await openDesk(browser(), service, { ...size, language, theme });

    await open('now', other);
    await rowOf(first!.callSid, other.page).waitFor();

    expect(await seriousFaults(other.page)).toEqual([]);
    expect(await overflowOf(other.page)).toBe(0);
    expect(other.faults).toEqual([]);
    await other.close();
  });

  it('ends with the session, wherever the person signs out', async () => {
    const other = await openDesk(browser(), service);
    await open('now', other);

    const { status } = await other.page
      .context()
      .request.delete(`${service.url}/v1/desk/session`, { headers: FROM_DESK })
      .then((response) => ({ status: response.status() }));

    expect(status).toBe(204);
    await other.page.getByLabel('Access token').waitFor({ timeout: 10_000 });
    await other.close();
  });
});
