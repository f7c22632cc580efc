/** The page of protection in a browser: suppressions, freezes, budgets, prices and limits. */
import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { putPrices } from '../support/put-prices.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import {
  chooseAt,
  chooseFileAt,
  confirmAt,
  expectRefusal,
  focusOnPage,
  hasFocus,
  holdFile,
  ON_A_PHONE,
  openDesk,
  overflowOf,
  pressAt,
  seriousFaults,
  tabTo,
  typeInto,
  type DeskPage,
} from './desk-page.js';

const PRICES = 'provider,prefix,pricePerMinute,currency,billingStep,connectionFee\n';

describeInBrowser('the page of protection', (browser: () => Browser) => {
  let service: TestApp;
  let desk: DeskPage;

  beforeAll(async () => {
    service = await startTestApp();
    desk = await openDesk(browser(), service);
    desk.page.setDefaultTimeout(15_000);
  });
  afterAll(async () => {
    await desk.close();
    await service.close();
  });
  /** Each test begins with empty lists, in any order. */
  beforeEach(() =>
    service.database.query(
      `with suppressions as (delete from suppression), freezes as (delete from call_freeze),
         budgets as (delete from budget), prices as (delete from price)
       update price_list set currency = null, version = version + 1`,
    ),
  );
  afterEach(() => {
    expect(desk.takeFaults()).toEqual([]);
  });

  const items = async (path: string): Promise<unknown> =>
    ((await (await service.admin('GET', path)).json()) as { items: unknown }).items;

  const chooseFile = (content: string, name = 'list.csv'): Promise<void> =>
    desk.page
      .getByLabel('CSV file to import')
      .setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(content) });

  const chooseByKeyboard = (content: string): Promise<void> =>
    chooseFileAt(desk.page, desk.page.getByLabel('CSV file to import'), content, 'list.csv');

  /** What the browser saves. */
  const saved = async (): Promise<string> => {
    const download = desk.page.waitForEvent('download');
    await pressAt(desk.page, desk.page.getByRole('button', { name: 'Save as CSV' }));
    return readFile(await (await download).path(), 'utf8');
  };

  describe('suppressions', () => {
    it('are added many at once, found by phone, and removed, all by keyboard alone', async () => {
      const { page, open } = desk;
      await open('protection');
      await page.getByText('No number is on the list.').waitFor();

      await pressAt(page, page.getByRole('button', { name: 'Add numbers' }));
      const form = page.getByRole('dialog');
      await typeInto(page, form.getByLabel('Phone numbers'), '138 0000 2000\n12\n95588');
      await typeInto(page, form.getByLabel('Reason'), 'asked not to be called');
      // Part by part: a year may have more than four digits.
      await tabTo(page, form.getByLabel('Until'));
      await page.keyboard.type('01012027');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.type('1200AM');
      await pressAt(page, form.getByRole('button', { name: 'Add' }));
      await form.getByText(/^12 .*dialled/).waitFor();
      expectRefusal(desk, 400);
      expect(await items('suppressions')).toEqual([]);
      await typeInto(page, form.getByLabel('Phone numbers'), '138 0000 2000\n95588');
      await pressAt(page, form.getByRole('button', { name: 'Add' }));

      await page.getByRole('cell', { name: '+86 138 0000 2000' }).waitFor();
      expect(await items('suppressions')).toMatchObject([
        { phone: '+8613800002000', reason: 'asked not to be called', until: '2026-12-31T16:00:00.000Z' },
        { phone: '95588' },
      ]);
      await typeInto(page, page.getByLabel('Phone', { exact: true }), '95588');
      await page.keyboard.press('Enter');
      await page.getByRole('cell', { name: '+86 138 0000 2000' }).waitFor({ state: 'detached' });
      expect(new URL(page.url()).search).toBe('?phone=95588');

      await confirmAt(page, page.getByRole('button', { name: 'Allow calls' }), 'Allow calls', 'Allow calls to 95588?');
      await page.getByText('This number is not on the list, so it may be called.').waitFor();
      // Its button is gone.
      await focusOnPage(page);
      expect(await items('suppressions')).toMatchObject([{ phone: '+8613800002000' }]);
    });

    it('go out and come in as a file, by keyboard alone', async () => {
      const { page, open } = desk;
      await service.admin('PUT', 'suppressions', {
        suppressions: [{ phone: '+8613800002000', reason: 'asked not to be called' }],
      });
      await open('protection');
      expect(await saved()).toContain("'+8613800002000,asked not to be called");

      await chooseByKeyboard('phone,reason\n138 0000 2001,\n');
      const words = 'Rows of the file: 1.';
      await confirmAt(page, page.getByRole('button', { name: 'Import list.csv' }), 'Import list.csv', words);

      await page.getByText('Imported. New numbers: 1, changed: 0, as before: 0.').waitFor();
      await page.getByRole('cell', { name: '+86 138 0000 2001' }).waitFor();
    });

    it('say that a file cannot be read, and read it again on demand', async () => {
      const { page, open } = desk;
      await open('protection');
      await page.evaluate(`(() => {
        const { arrayBuffer } = Blob.prototype;
        Blob.prototype.arrayBuffer = () => {
          Blob.prototype.arrayBuffer = arrayBuffer;
          return Promise.reject(new DOMException('changed on the disk', 'NotReadableError'));
        };
      })()`);

      await chooseFile('phone\n138 0000 2001\n');
      await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();

      await page.getByRole('button', { name: 'Import list.csv' }).waitFor();
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    it('offer the file that was chosen last, also if the one before is read after it', async () => {
      const { page, open } = desk;
      await open('protection');
      const readOn = await holdFile(page, 'slow.csv');
      await chooseFile('phone\n138 0000 2002\n', 'slow.csv');
      await chooseFile('phone\n138 0000 2001\n');
      await page.getByRole('button', { name: 'Import list.csv' }).waitFor();

      await readOn();
      // Whatever the page does with the file, it has done by then.
      await page.evaluate('new Promise((resolve) => setTimeout(resolve, 100))');

      expect(await page.getByRole('button', { name: /^Import/ }).allInnerTexts()).toEqual(['Import list.csv']);
    });
  });

  it('freezes are made, and lifted, by keyboard alone', async () => {
    const { page, open } = desk;
    await open('protection');
    await pressAt(page, page.getByRole('link', { name: 'Freezes' }));
    await page.getByText('Nothing is frozen.').waitFor();

    await pressAt(page, page.getByRole('button', { name: 'Freeze' }));
    const form = page.getByRole('dialog');
    await typeInto(page, form.getByLabel('User’s id or external id'), '9999');
    await page.keyboard.press('Enter');
    await form.getByText(/^is no user of the directory/).waitFor();
    expectRefusal(desk, 400);
    await chooseAt(page, form.getByRole('button', { name: /What/ }), 'Calls with a country');
    await form.getByText('No call is placed whose caller or callee has a number of this country.').waitFor();
    await typeInto(page, form.getByRole('textbox', { name: 'Country' }), 'gb');
    await typeInto(page, form.getByLabel('Reason'), 'toll fraud');
    await pressAt(page, form.getByRole('button', { name: 'Freeze' }));

    await page.getByRole('cell', { name: 'United Kingdom (GB)' }).waitFor();
    expect(await items('freezes')).toMatchObject([{ kind: 'country', subject: 'GB', reason: 'toll fraud' }]);
    const words = '“Calls with a country: United Kingdom (GB)” may be placed again at once';
    await confirmAt(page, page.getByRole('button', { name: 'Lift' }), 'Lift', words);
    await page.getByText('Nothing is frozen.').waitFor();
    expect(await items('freezes')).toEqual([]);
    // Its button is gone.
    await focusOnPage(page);
  });

  it('prices are replaced by a file, and budgets are set, changed and removed, by keyboard alone', async () => {
    const { page, open } = desk;
    await open('protection/money');
    await page.getByText('There is no price list, so no budget counts a call.').waitFor();

    const replace = page.getByRole('button', { name: 'Replace by list.csv' });
    await chooseByKeyboard(`${PRICES}simulator,+86,0.12,CNY,60,0\nsimulator,+1,much,CNY,6,0\n`);
    await pressAt(page, replace);
    await pressAt(page, page.getByRole('alertdialog').getByRole('button', { name: 'Replace by list.csv' }));
    await page.getByText('line 3, pricePerMinute').waitFor();
    expectRefusal(desk, 400);
    await pressAt(page, page.getByRole('button', { name: 'Cancel' }));
    await waitFor('the focus to come back', () => hasFocus(page, replace));
    await chooseByKeyboard(`${PRICES}simulator,+86,0.12,CNY,60,0\n`);
    await confirmAt(page, replace, 'Replace by list.csv');
    await page.getByText('Prices in the list now: 1.').waitFor();
    await page.getByRole('cell', { name: '0.12 CNY' }).waitFor();
    expect(await saved()).toContain("simulator,'+86,0.12,CNY,60,0");

    await pressAt(page, page.getByRole('button', { name: 'Set a budget' }));
    const form = page.getByRole('dialog');
    await chooseAt(page, form.getByRole('button', { name: /Which calls/ }), 'Of one user');
    await typeInto(page, form.getByLabel('User’s id or external id'), '1001');
    await typeInto(page, form.getByLabel('Amount'), '50');
    await pressAt(page, form.getByRole('button', { name: 'Set' }));
    const row = page.getByRole('row', { name: /^User 1001 Day/ });
    await row.getByText('50 CNY').first().waitFor();
    await pressAt(page, row.getByRole('button', { name: 'Change' }));
    await typeInto(page, page.getByRole('dialog').getByLabel('Amount'), '60');
    await page.keyboard.press('Enter');
    await row.getByText('60 CNY').first().waitFor();
    expect(await items('budgets')).toMatchObject([
      { kind: 'user', subject: '1001', period: 'day', amount: '60', timeZone: 'Asia/Shanghai' },
    ]);

    await confirmAt(page, row.getByRole('button', { name: 'Remove' }), 'Remove');
    await page.getByText('There is no budget, so calls may cost any amount.').waitFor();
    // Its button is gone.
    await focusOnPage(page);
  });

  it('shows of a long price list no more than a page', async () => {
    const { page, open } = desk;
    const rows = Array.from({ length: 120 }, (_, place) => `simulator,+86${100 + place},0.12,CNY,60,0\n`);
    await open('protection/money');
    await chooseFile(PRICES + rows.join(''));
    await page.getByRole('button', { name: 'Replace by list.csv' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Replace by list.csv' }).click();

    await page.getByText('The first 50 prices. The file has all of them.').waitFor();
    expect(await page.getByRole('table', { name: 'Price list' }).getByRole('row').count()).toBe(1 + 50);
  });

  it('shows the limits of the providers', async () => {
    const { page, open } = desk;
    await open('protection/limits');

    await page.getByRole('row', { name: /^simulator 0/ }).waitFor();
    await page.getByRole('link', { name: 'Try a call' }).click();
    await page.getByRole('heading', { level: 1, name: 'Providers' }).waitFor();
  });

  describe.each(['light', 'dark'] as const)('in %s', (theme) => {
    let other: DeskPage;

    beforeAll(async () => {
      other = await openDesk(browser(), service, { theme, ...(theme === 'dark' && ON_A_PHONE) });
    });
    beforeEach(async () => {
      await service.admin('PUT', 'suppressions', { suppressions: [{ phone: '95588', until: '2026-01-01T00:00:00Z' }] });
      await putPrices(service, `${PRICES}simulator,+86,0.12,CNY,60,0\n`);
      await service.admin('PUT', 'budgets', { kind: 'all', period: 'month', amount: '500', timeZone: 'Asia/Shanghai' });
      await service.admin('POST', 'freezes', { kind: 'country', subject: 'GB' });
    });
    afterAll(async () => {
      expect(other.faults).toEqual([]);
      await other.close();
    });

    it.each([
      ['protection', 'Add numbers'],
      ['protection/freezes', 'Freeze'],
      ['protection/money', 'Set a budget'],
      ['protection/limits', null],
    ])('%s has no fault that axe finds serious, and fits', async (path, button) => {
      const { page, open } = other;
      await open(path);
      await page.getByRole('table').first().waitFor();

      expect(await seriousFaults(page)).toEqual([]);
      expect(await overflowOf(page)).toBe(0);
      // The forms have the colours of the page, so once is enough.
      if (button === null || theme === 'light') return;
      await page.getByRole('button', { name: button }).first().click();
      await page.getByRole('dialog').waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    });
  });
});
