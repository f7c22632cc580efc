/** The figures in a browser: charts and their tables, the week before, filters in the address, the way to the calls. */
import type { Browser, Page } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { ON_A_PHONE, openDesk, overflowOf, seriousFaults, tabTo, type DeskPage } from './desk-page.js';
import { countBusyCallOfWeekBefore, countCalls } from './some-figures.js';

describeInBrowser('the figures on the desk', (browser: () => Browser) => {
  let service: TestApp;
  let desk: DeskPage;
  let page: Page;

  beforeAll(async () => {
    service = await startTestApp();
    await countBusyCallOfWeekBefore(service, 'one');
    await countCalls(service, { one: ['completed', 'completed', 'no_answer'], two: ['busy'] });
    desk = await openDesk(browser(), service);
    ({ page } = desk);
  });
  afterAll(async () => {
    await desk.close();
    await service.close();
  });
  afterEach(() => {
    expect(desk.takeFaults()).toEqual([]);
  });

  const open = async (path = 'figures', on = page): Promise<void> => {
    await (on === page ? desk.open(path) : on.goto(`${service.url}/desk/${path}`));
    await on.locator('.figure-summary').waitFor();
  };
  const fact = (name: string) => page.locator('.figure-summary > div', { hasText: name });
  const rows = (name: string) => page.getByRole('table', { name, exact: true }).locator('tbody tr');

  it('has calls, ratio, delays and reasons, against the week before', async () => {
    await open();

    expect(await fact('Calls').innerText()).toMatch(/^Calls\n4 \+300 %\nWeek before: 1$/);
    expect(await fact('Answer ratio').innerText()).toMatch(/^Answer ratio\n50 %\nWeek before: 0 %$/);
    expect(await fact('Time to answer').innerText()).toMatch(
      /\n[78](\.\d)? s \/ [78](\.\d)? s\nMedian \/ 95th percentile\nWeek before: –$/,
    );
    expect(await rows('End reasons').allInnerTexts()).toEqual([
      expect.stringMatching(/^Completed\s+2\s+50 %\s+0 %$/),
      expect.stringMatching(/^(Busy|No answer)\s+1\s+25 %/),
      expect.stringMatching(/^(Busy|No answer)\s+1\s+25 %/),
    ]);
    expect(await rows('By provider').allInnerTexts()).toEqual([
      expect.stringMatching(/^one\s+3\s+Week before: 1\s+66.7 %\s+Week before: 0 %/),
      expect.stringMatching(/^two\s+1\s+Week before: 0\s+0 %/),
    ]);
    await page.getByText(/^Times in Asia\/Shanghai\./).waitFor();
  });

  it('has each chart as a table too, whose rows lead to the calls', async () => {
    await open();
    await waitFor('the charts', async () => (await page.locator('.figure-drawing canvas').count()) === 5);

    const figure = page.getByRole('region', { name: 'Calls', exact: true }).first();
    await figure.getByText('As a table').click();
    const today = figure.locator('tbody tr').last();
    expect(await today.locator('td').allInnerTexts()).toEqual(['4', '2', '1']);
    await today.getByRole('link').click();

    const { pathname, searchParams } = new URL(page.url());
    expect(pathname).toBe('/desk/calls');
    expect(Object.fromEntries(searchParams)).toEqual({
      from: expect.stringMatching(/T16:00:00.000Z$/),
      to: expect.stringMatching(/T16:00:00.000Z$/),
      timeZone: 'Asia/Shanghai',
      open: 'false',
    });
  });

  it('a click on a bar leads to its calls, and one on a reason to those', async () => {
    await open();
    const over = page.locator('.figure-drawing .u-over').first();
    const { width, height } = (await over.boundingBox())!;
    await over.hover({ position: { x: width * (6.5 / 7), y: height - 20 } });
    await page.locator('.figure-pointed', { hasText: 'Calls 4' }).waitFor();
    await over.click({ position: { x: width * (6.5 / 7), y: height - 20 } });
    await page.waitForURL(/\/desk\/calls\?.*open=false/);

    await page.goBack();
    await page.locator('.figure-summary').waitFor();
    await page.getByRole('link', { name: 'Calls of Busy' }).click();
    await page.waitForURL(/\/desk\/calls\?.*endReason=busy/);
  });

  const reasons = () => page.getByRole('region', { name: 'End reasons over time', exact: true }).first();
  const searchOfCalls = async (): Promise<Record<string, string>> => {
    await page.waitForURL(/\/desk\/calls\?/);
    return Object.fromEntries(new URL(page.url()).searchParams);
  };

  it('has the end reasons over time, and each count leads to its calls', async () => {
    await open();

    await reasons().getByText('As a table').click();
    expect(await reasons().locator('thead th').allInnerTexts()).toEqual(['Time', 'Completed', 'No answer', 'Busy']);
    const today = reasons().locator('tbody tr').last();
    expect(await today.locator('td').allInnerTexts()).toEqual(['2', '1', '1']);
    expect(await reasons().locator('tbody tr').first().locator('td').allInnerTexts()).toEqual(['0', '0', '0']);
    await today.getByRole('link', { name: /^Calls of .+, Busy: 1$/ }).click();

    const { from, to, ...search } = await searchOfCalls();
    expect(search).toEqual({ timeZone: 'Asia/Shanghai', endReason: 'busy' });
    expect(Date.parse(to!) - Date.parse(from!)).toBe(86_400_000);
  });

  it('a click on a part of a bar leads to the calls that ended so', async () => {
    await open();
    const over = reasons().locator('.u-over');
    await over.scrollIntoViewIfNeeded();
    const { width, height } = (await over.boundingBox())!;
    // Two completed, then one not answered, then one busy, under a scale that ends a tenth above the four.
    for (const [height4, endReason] of [
      [1, 'completed'],
      [2.5, 'no_answer'],
      [3.5, 'busy'],
    ] as const) {
      await over.click({ position: { x: width * (6.5 / 7), y: height * (1 - height4 / 4.4) } });
      expect(await searchOfCalls()).toMatchObject({ endReason });
      await page.goBack();
      await over.waitFor();
    }
  });

  it('has the end reasons of each provider, and the way to the calls and the charts of one', async () => {
    await open();
    expect(await rows('End reasons by provider').allInnerTexts()).toEqual([
      expect.stringMatching(/^one\s+2\s+66.7 %\s+1\s+33.3 %\s+0$/),
      expect.stringMatching(/^two\s+0\s+0\s+1\s+100 %$/),
    ]);

    await tabTo(page, page.getByRole('link', { name: 'Calls of two, Busy: 1', exact: true }));
    await page.keyboard.press('Enter');
    expect(await searchOfCalls()).toMatchObject({ provider: 'two', endReason: 'busy', timeZone: 'Asia/Shanghai' });

    await page.goBack();
    await page.getByRole('link', { name: 'Figures of two', exact: true }).click();
    await page.waitForURL(/\/desk\/figures\?.*provider=two/);
    await waitFor('its figures', async () => /^Calls\n1\n/.test(await fact('Calls').innerText()));
    await reasons().getByText('As a table').click();
    await waitFor('its reason alone', async () => (await reasons().locator('thead th').count()) === 2);
    await reasons()
      .locator('tbody tr')
      .last()
      .getByRole('link', { name: /Busy: 1$/ })
      .click();
    expect(await searchOfCalls()).toMatchObject({ provider: 'two', endReason: 'busy' });
  });

  it('keeps range, zone and provider in the address', async () => {
    await open();
    await page.getByRole('link', { name: 'Today' }).click();
    await page.waitForURL(/from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d&timeZone=Asia%2FShanghai/);
    await waitFor('the figures of the day', async () => (await fact('Calls').innerText()).includes('4 +300 %'));

    await page
      .getByRole('button', { name: /^(Any )?Provider|Provider/ })
      .first()
      .click();
    await page.getByRole('option', { name: 'two' }).click();
    await page.waitForURL(/provider=two/);
    await waitFor('its figures', async () => /^Calls\n1\n/.test(await fact('Calls').innerText()));

    await open('figures?from=2020-03-28&to=2020-03-31&timeZone=Europe%2FBerlin');
    await page.getByText('No call was over in this time.').waitFor();
    await page.getByText('Times in Europe/Berlin').waitFor();
  });

  it('by keyboard alone: the period, the grouping, and the way from a figure to its calls', async () => {
    await open();

    await tabTo(page, page.getByRole('link', { name: '30 days' }));
    await page.keyboard.press('Enter');
    await page.waitForURL(/from=/);
    const { searchParams } = new URL(page.url());
    const begin = page.getByLabel('From day');
    await tabTo(page, begin);
    // The first part of the field.
    await page.keyboard.press('ArrowDown');
    const earlier = await begin.inputValue();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('from') === earlier);
    expect(earlier).not.toBe(searchParams.get('from'));
    await tabTo(page, page.getByRole('button', { name: /Each bar is/ }));
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: 'a week' }).waitFor();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.waitForURL(/every=week/);

    const figure = page.getByRole('region', { name: 'Calls', exact: true }).first();
    await tabTo(page, figure.locator('summary'));
    await page.keyboard.press('Enter');
    await tabTo(page, figure.getByRole('link').last());
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/desk\/calls\?.*open=false/);
    await page.getByRole('table', { name: 'Calls' }).waitFor();
  });

  it('names years below a chart of many years on a phone', async () => {
    const other = await openDesk(browser(), service, ON_A_PHONE);
    await other.page.addInitScript(`
      window.drawn = [];
      const { fillText } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
        window.drawn.push(text);
        fillText.call(this, text, ...place);
      };
    `);

    const year = new Date().getFullYear();

    await open(`figures?from=${year - 12}-01-01&to=${year + 1}-01-01`, other.page);

    await waitFor('a year', async () => {
      const labels = await other.page.evaluate<string[]>('window.drawn');
      return labels.some((label) => /^\d{4}$/.test(label));
    });
    expect(other.faults).toEqual([]);
    await other.close();
  });

  it('compares nothing where the range before would begin before 2000', async () => {
    const year = new Date().getFullYear();
    await open(`figures?from=2005-01-01&to=${year + 1}-01-01`);

    expect(await fact('Calls').innerText()).toMatch(/^Calls\n5\n\d+ weeks before: –$/);
    expect(await rows('By provider').count()).toBe(2);
  });

  it.each(['from=2026-01-02&to=2026-01-01', 'to=noon', 'to=2026-13-45'])(
    'says what is wrong with %s',
    async (range) => {
      await desk.open(`figures?${range}`);

      await page.getByText('The service does not accept this.').waitFor();
      // The browser's own lines for the refusals. On a busy machine some of them would come after the first.
      await page.goto('about:blank');
      desk.takeFaults();
    },
  );

  it.each([
    ['en-US', 'light', {}],
    ['zh-CN', 'dark', ON_A_PHONE],
  ] as const)('axe finds nothing serious, and all fits: %s, %s', async (language, theme, size) => {
    const other = await openDesk(browser(), service, { ...size, language, theme });
    await open('figures', other.page);
    for (const table of await other.page.locator('summary').all()) await table.click();

    expect(await seriousFaults(other.page)).toEqual([]);
    expect(await overflowOf(other.page)).toBe(0);
    expect(other.faults).toEqual([]);
    await other.close();
  });
});
