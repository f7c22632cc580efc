/** The page of the people in a browser: users, sub-accounts, service lines, and the import of a file. */
import type { Browser } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
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
  typeInto,
  type DeskPage,
} from './desk-page.js';

describeInBrowser('the page of the people', (browser: () => Browser) => {
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
  afterEach(() => {
    expect(desk.takeFaults()).toEqual([]);
  });

  const stored = async (path: string): Promise<unknown> => {
    const response = await service.admin('GET', path);
    return response.status === 404 ? null : response.json();
  };

  describe('users', () => {
    it('are listed a page at a time, and found by id and external id', async () => {
      const { page, open } = desk;
      await service.admin('PATCH', 'users/1005', { externalId: 'm-75', name: '王小明' });
      await open('people');
      const rows = page.getByRole('table', { name: 'Users' }).getByRole('row');
      await page.getByRole('link', { name: '1001' }).waitFor();
      expect(await rows.count()).toBe(1 + 50);
      await page.getByRole('button', { name: 'Show more' }).click();
      await page.getByRole('link', { name: '2100' }).waitFor();

      for (const name of ['1005', 'm-75']) {
        await page.getByLabel('Id or external id').fill(name);
        await page.keyboard.press('Enter');
        await page.getByRole('cell', { name: '王小明' }).waitFor();
        await page.getByRole('link', { name: '1001' }).waitFor({ state: 'detached' });
        expect(new URL(page.url()).search).toBe(`?user=${name}`);
        expect(await rows.count()).toBe(2);
      }

      await page.getByLabel('Id or external id').fill('9999');
      await page.keyboard.press('Enter');
      await page.getByText('No user matches these filters.').waitFor();
      expectRefusal(desk, 404);
    });

    it('are found by a part of the name and by phone, in any notation', async () => {
      const { page, open } = desk;
      await service.admin('PATCH', 'users/1005', { name: '王小明' });
      await open('people');
      const rows = page.getByRole('table', { name: 'Users' }).getByRole('row');

      await page.getByLabel('Name').fill('小明');
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: '1001' }).waitFor({ state: 'detached' });
      await page.getByRole('cell', { name: '王小明' }).waitFor();
      expect(await rows.count()).toBe(2);

      await page.getByLabel('Phone').fill('139 0000 1005');
      await page.keyboard.press('Enter');
      await page.waitForURL(/phone=/);
      await page.getByRole('cell', { name: '王小明' }).waitFor();
      await page.getByLabel('Id or external id').fill('1006');
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: '1006' }).waitFor();
      expect(new URL(page.url()).search).toBe('?user=1006');
      expect(await page.getByLabel('Name').inputValue()).toBe('');
    });

    it('are added, changed, blocked, unblocked and removed, by keyboard alone', async () => {
      const { page, open } = desk;
      const confirm = (name: string, words?: string): Promise<void> =>
        confirmAt(page, page.getByRole('button', { name, exact: true }), name, words);
      await open('people');

      await pressAt(page, page.getByRole('button', { name: 'Add user' }));
      const form = page.getByRole('dialog');
      // The first field has the focus.
      await page.locator('[role=dialog] input:focus').waitFor();
      await page.keyboard.type('3001');
      await typeInto(page, form.getByLabel('Name'), '李小红');
      await typeInto(page, form.getByLabel('Phone', { exact: true }), '12');
      await page.keyboard.press('Enter');
      await form.getByText(/^is not a number that can be dialled/).waitFor();
      expectRefusal(desk, 400);
      await typeInto(page, form.getByLabel('Phone', { exact: true }), '138 0013 8000');
      await typeInto(page, form.getByLabel('The callee’s phone shows'), '010-56469588');
      await pressAt(page, form.getByRole('button', { name: 'Add' }));

      await page.getByRole('heading', { level: 1, name: '李小红' }).waitFor();
      expect(page.url()).toBe(`${service.url}/desk/people/users/3001`);
      await page.getByText('+86 138 0013 8000').waitFor();
      await page.getByText('+86 10 5646 9588').waitFor();
      expect(await stored('users/3001')).toMatchObject({
        name: '李小红',
        phone: '+8613800138000',
        shown: { toCaller: null, toCallee: '+861056469588' },
      });

      await pressAt(page, page.getByRole('button', { name: 'Change' }));
      await typeInto(page, page.getByRole('dialog').getByLabel('Name'), '李红');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: '李红' }).waitFor();
      await waitFor('the focus to come back', () => hasFocus(page, page.getByRole('button', { name: 'Change' })));

      await confirm('Block', 'Every request with a token of user 3001 is refused from now on');
      await page.getByText('Blocked', { exact: true }).waitFor();
      expect(await stored('users/3001')).toMatchObject({ name: '李红', blocked: true, phone: '+8613800138000' });
      expect(await page.getByRole('button', { name: 'Remove' }).count()).toBe(0);

      await confirm('Unblock');
      await page.getByText('Active', { exact: true }).waitFor();
      await focusOnPage(page);
      await confirm('Remove');
      await page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
      // The page of the user is gone.
      await focusOnPage(page);
      expect(await stored('users/3001')).toBeNull();
    });

    it('keep their credentials at the providers, whose secrets are never shown, by keyboard alone', async () => {
      const { page, open } = desk;
      await open('people/users/1003');
      await page.getByText('This user has no sub-account.').waitFor();

      await pressAt(page, page.getByRole('button', { name: 'Add sub-account' }));
      await chooseAt(page, page.getByRole('button', { name: /Provider/ }), 'simulator');
      await typeInto(page, page.getByLabel('Id at the provider'), 'acc-1003');
      await typeInto(page, page.getByLabel('Secret'), 'only the provider knows');
      await page.keyboard.press('Enter');

      await page.getByRole('cell', { name: 'acc-1003' }).waitFor();
      expect(await page.content()).not.toContain('only the provider knows');
      expect(await stored('users/1003/sub-accounts')).toEqual({
        items: [{ provider: 'simulator', externalId: 'acc-1003' }],
      });

      await confirmAt(page, page.getByRole('button', { name: 'Remove' }).last(), 'Remove');
      await page.getByText('This user has no sub-account.').waitFor();
      // Its button is gone.
      await focusOnPage(page);
    });

    it('one who is not there is said so', async () => {
      await desk.open('people/users/9999');

      await desk.page.getByText('There is no user 9999.').waitFor();
      expectRefusal(desk, 404);
    });
  });

  describe('service lines', () => {
    it('are added with hours, closed, changed and removed, by keyboard alone', async () => {
      const { page, open } = desk;
      await open('people/lines');
      await page.getByRole('cell', { name: 'Demo customer service' }).waitFor();

      await pressAt(page, page.getByRole('button', { name: 'Add service line' }));
      const form = page.getByRole('dialog');
      await typeInto(page, form.getByLabel('Name'), '售后');
      await typeInto(page, form.getByLabel('Phone', { exact: true }), '400-000-0001');
      await typeInto(page, form.getByLabel('Position'), '2');
      await typeInto(page, form.getByLabel('Calls at once'), '5');
      await pressAt(page, form.getByRole('checkbox', { name: 'Only at opening hours' }), 'Space');
      await typeInto(page, form.getByLabel('Monday'), '09:00-12:00，13:30-18:00');
      await typeInto(page, form.getByLabel('Tuesday'), '9-12');
      await typeInto(page, form.getByLabel('Holidays'), '2026-10-01, 2026-10-02');
      await pressAt(page, form.getByRole('button', { name: 'Add', exact: true }));
      await form.getByText(/^must/).waitFor();
      expectRefusal(desk, 400);
      await typeInto(page, form.getByLabel('Tuesday'), '09:00-12:00, 13:30-18:00');
      await pressAt(page, form.getByRole('button', { name: 'Add', exact: true }));

      const row = page.getByRole('row', { name: /售后/ });
      await row.getByText('Mon–Tue').waitFor();
      await row.getByText('Asia/Shanghai · holidays: 2').waitFor();
      const lines = (await stored('service-lines')) as { items: { id: string }[] };
      expect(lines.items[1]).toMatchObject({
        phone: '+864000000001',
        callsAtOnce: 5,
        position: 2,
        open: true,
        hours: {
          timeZone: 'Asia/Shanghai',
          week: { monday: ['09:00-12:00', '13:30-18:00'], tuesday: ['09:00-12:00', '13:30-18:00'] },
          holidays: ['2026-10-01', '2026-10-02'],
        },
      });
      const path = `service-lines/${lines.items[1]!.id}`;

      await confirmAt(page, row.getByRole('button', { name: 'Close', exact: true }), 'Close');
      await row.getByText('Closed', { exact: true }).waitFor();
      await pressAt(page, row.getByRole('button', { name: 'Change' }));
      await typeInto(page, form.getByLabel('Calls at once'), '');
      await page.keyboard.press('Delete');
      await pressAt(page, form.getByRole('checkbox', { name: 'Only at opening hours' }), 'Space');
      await pressAt(page, page.getByRole('button', { name: 'Save' }));
      await row.getByText('No limit').waitFor();
      await waitFor('the focus to come back', () => hasFocus(page, row.getByRole('button', { name: 'Change' })));
      expect(await stored(path)).toMatchObject({ open: false, hours: null, callsAtOnce: null });

      await confirmAt(page, row.getByRole('button', { name: 'Remove' }), 'Remove');
      await row.waitFor({ state: 'detached' });
      // Its button is gone.
      await focusOnPage(page);
      expect(await stored(path)).toBeNull();
    });
  });

  describe('a service line with several phones', () => {
    const BUSY = '+8613800003101';
    const ANSWERS = '+8613800003100';
    const whole = (phones: readonly [string, number | null][], hunt: string) => ({
      phones: phones.map(([phone, ringSeconds]) => ({ phone, ringSeconds })),
      hunt,
    });

    it('is written by keyboard alone, tried phone by phone, and sent only where it was changed', async () => {
      const { page, open } = desk;
      const press = async (...keys: string[]): Promise<void> => {
        for (const key of keys) await page.keyboard.press(key);
      };
      await open('people/lines');
      await pressAt(page, page.getByRole('button', { name: 'Add service line' }));
      const form = page.getByRole('dialog');
      await typeInto(page, form.getByLabel('Name'), '售前');
      await typeInto(page, form.getByLabel('Position'), '0');
      expect(await form.getByLabel('Rings for (s)').count()).toBe(0);
      await typeInto(page, form.getByLabel('Phone', { exact: true }), '138 0000 3101');
      await press('Tab', 'Enter');
      // The phone that was added has the focus.
      await form.getByLabel('Phone 2', { exact: true }).waitFor();
      await page.keyboard.type('12');
      await press('Tab');
      await page.keyboard.type('3');
      await press('Tab', 'Tab', 'Enter');
      await form.getByLabel('Phone 3', { exact: true }).waitFor();
      await page.keyboard.type('95588');
      await press('Tab', 'Tab', 'Enter');
      await form.getByLabel('Phone 3', { exact: true }).waitFor({ state: 'detached' });
      await form.locator('button:focus', { hasText: 'Add phone' }).waitFor();
      const second = form.getByRole('group', { name: 'Phone 2' });

      const add = form.getByRole('button', { name: 'Add', exact: true });
      await pressAt(page, add);
      await second.getByText(/^must be a whole number, 5 to 600/).waitFor();
      expectRefusal(desk, 400);
      await typeInto(page, second.getByLabel('Rings for (s)'), '15');
      await pressAt(page, add);
      await second.getByText(/^is not a number that can be dialled/).waitFor();
      expectRefusal(desk, 400);
      await typeInto(page, second.getByLabel('Phone 2', { exact: true }), '138 0000 3100');
      await chooseAt(page, form.getByRole('button', { name: /Which phone is first/ }), 'In turn');
      expect(await seriousFaults(page)).toEqual([]);
      await pressAt(page, add);

      const row = page.getByRole('row', { name: /售前/ });
      await row.getByText('Tried in turn').waitFor();
      expect(await row.getByRole('listitem').allTextContents()).toEqual([
        '+86 138 0000 3101 ',
        '+86 138 0000 3100 rings for 15 s',
      ]);
      const { items } = (await stored('service-lines')) as { items: { id: string }[] };
      const path = `service-lines/${items[0]!.id}`;
      const two: [string, number | null][] = [
        [BUSY, null],
        [ANSWERS, 15],
      ];
      expect(await stored(path)).toMatchObject(whole(two, 'turn'));

      const { data } = await service.ask('1010', 'callService');
      await waitFor('the end of the call', async () => {
        const call = (await stored(`calls/${data?.callSid ?? ''}`)) as { stateType: string };
        return call.stateType >= '4';
      });
      expect(await stored(`calls/${data?.callSid ?? ''}`)).toMatchObject({
        calleePhone: ANSWERS,
        huntedPhones: [BUSY, ANSWERS],
      });

      const change = page.waitForRequest((request) => request.method() === 'PATCH');
      await pressAt(page, row.getByRole('button', { name: 'Change' }));
      await typeInto(page, form.getByLabel('Calls at once'), '3');
      await pressAt(page, form.getByRole('button', { name: 'Save' }));
      expect((await change).postDataJSON()).toEqual({ callsAtOnce: 3 });
      await form.waitFor({ state: 'detached' });

      const removal = page.waitForRequest((request) => request.method() === 'PATCH');
      await pressAt(page, row.getByRole('button', { name: 'Change' }));
      await pressAt(page, form.getByRole('button', { name: 'Remove phone 1' }));
      expect(await form.getByLabel('Phone', { exact: true }).inputValue()).toBe(ANSWERS);
      await pressAt(page, form.getByRole('button', { name: 'Save' }));
      expect((await removal).postDataJSON()).toEqual({ phones: [{ phone: ANSWERS, ringSeconds: 15 }] });
      await row.getByText('Tried in turn').waitFor({ state: 'detached' });
      await service.admin('DELETE', path);
    });

    it('keeps its numbers from one who sees them masked, and fits on a phone', async () => {
      const phones = [{ phone: BUSY, ringSeconds: 15 }, { phone: ANSWERS }];
      const creation = await service.admin('POST', 'service-lines', { name: '回访', phones, open: true, position: 3 });
      const { id } = (await creation.json()) as { id: string };
      const other = await openDesk(browser(), service, { width: 390, height: 844, isSignedIn: false });
      const { page, open, close } = other;
      page.setDefaultTimeout(15_000);
      await open('sign-in');
      await page.getByLabel('Access token').fill(await service.token('1001', 'admin:read admin:directory:write'));
      await page.keyboard.press('Enter');
      await page.locator('.shell').waitFor();
      await open('people/lines');
      const sent: unknown[] = [];
      page.on('request', (request) => {
        if (request.method() === 'PATCH') sent.push(request.postDataJSON());
      });
      const row = page.getByRole('row', { name: /回访/ });
      await row.getByText('138****3101').waitFor();
      await row.getByRole('button', { name: 'Change' }).click();
      const form = page.getByRole('dialog');
      await form.getByLabel('Calls at once').fill('4');
      await form.getByRole('button', { name: 'Save' }).click();
      await form.waitFor({ state: 'detached' });
      expect(sent).toEqual([{ callsAtOnce: 4 }]);

      await row.getByRole('button', { name: 'Change' }).click();
      await form.getByLabel('Rings for (s)').first().fill('20');
      await form.getByRole('button', { name: 'Save' }).click();
      await form.getByRole('group', { name: 'Phone 1' }).getByText('This number is masked.').waitFor();
      await form.getByRole('group', { name: 'Phone 2' }).getByText('This number is masked.').waitFor();
      expect(sent).toHaveLength(1);
      expect(await seriousFaults(page)).toEqual([]);
      expect(await overflowOf(page)).toBe(0);
      await page.keyboard.press('Escape');
      expect(other.faults).toEqual([]);
      await close();
      await service.admin('DELETE', `service-lines/${id}`);
    });
  });

  describe('the import', () => {
    const fileOf = (content: Buffer | string, name = 'users.csv') => ({
      name,
      mimeType: 'text/csv',
      buffer: Buffer.from(content),
    });
    const choose = (content: Buffer | string, name?: string): Promise<void> =>
      desk.page.getByLabel('CSV file').setInputFiles(fileOf(content, name));
    const chooseByKeyboard = (content: Buffer | string): Promise<void> =>
      chooseFileAt(desk.page, desk.page.getByLabel('CSV file'), content, 'users.csv');

    /** 编号,姓名,手机号 and 王五, as Excel writes them in China. */
    const GB18030 = Buffer.concat([
      Buffer.from('b1e0bac52cd0d5c3fb2cb5e7bbb00d0a343030312c', 'hex'),
      Buffer.from('cdf5cee52c31333830303133383030310d0a', 'hex'),
    ]);

    it('names what is wrong, row by row, and imports nothing then', async () => {
      const { page, open } = desk;
      await open('people/import');

      await choose('id,name,phone\n4101,张三,13800138101\n4102,,110\n');

      const faults = page.getByRole('table', { name: 'What is wrong' });
      await faults.waitFor();
      expect(await faults.getByRole('row').count()).toBe(1 + 2);
      await faults.getByRole('row', { name: /^3 Phone 4102, , 110/ }).waitFor();
      expect(await page.getByRole('button', { name: /^Import/ }).count()).toBe(0);
      expect(await stored('users/4101')).toBeNull();
      expectRefusal(desk, 400);
    });

    it('says in Chinese what is wrong, on the Chinese page', async () => {
      const other = await openDesk(browser(), service, { language: 'zh-CN' });
      other.page.setDefaultTimeout(15_000);
      await other.open('people/import');

      await other.page.getByLabel('CSV 文件').setInputFiles(fileOf('工号,姓名,手机\n4001,,110\n4002,李四\n'));

      const faults = other.page.getByRole('table').getByRole('row');
      await faults.filter({ hasText: '不是可以拨打的号码' }).waitFor();
      expect((await faults.allInnerTexts()).slice(1).map((row) => row.split('\t'))).toEqual([
        ['2', '姓名', '4001, , 110', '不能为空'],
        ['2', '电话', '4001, , 110', expect.stringMatching(/^不是可以拨打的号码，/)],
        ['3', '', '4002, 李四', '有 2 个单元格，而首行有 3 个'],
      ]);
      expectRefusal(other, 400);
      expect(other.takeFaults()).toEqual([]);
      await other.close();
    });

    it('says which columns it does not import, before it imports anything', async () => {
      const { page, open } = desk;
      await open('people/import');

      await choose('工号,姓名,部门,手机,E-mail\n4111,张三,研发,13800138111,z@x.cn\n');

      await page.getByText('These columns are not imported: 部门, E-mail').waitFor();
      await page.getByRole('button', { name: 'Import these rows' }).waitFor();
      expect(await stored('users/4111')).toBeNull();
    });

    it('empties its field, so that a corrected file of the same name is a choice, and still names the file', async () => {
      const { page, open } = desk;
      await open('people/import');

      await choose('id,name,phone\n4001,张三,13800138001\n');
      await page.getByRole('button', { name: 'Import these rows' }).waitFor();

      expect(await page.getByLabel('CSV file').inputValue()).toBe('');
      await page.getByText('users.csv', { exact: true }).waitFor();
    });

    it('has the file that was chosen last, also if the one before is read after it', async () => {
      const { page, open } = desk;
      await open('people/import');
      const readOn = await holdFile(page, 'slow.csv');
      await choose('id,name,phone\n4008,Slow,13800138008\n', 'slow.csv');
      await choose('id,name,phone\n4009,Fast,13800138009\n');
      await page.getByText(/^users\.csv, read as/).waitFor();

      await Promise.all([page.waitForResponse(/\/users\/import\?dryRun=true$/), readOn()]);

      expect(await page.getByText(/^users\.csv, read as/).count()).toBe(1);
      await page.getByRole('cell', { name: 'Fast' }).waitFor();
      expect(await page.getByRole('cell', { name: 'Slow' }).count()).toBe(0);
    });

    it('shows what it would do, and then does it, by keyboard alone; also a file of Excel in China', async () => {
      const { page, open } = desk;
      await open('people');
      await pressAt(page, page.getByRole('link', { name: 'Import' }));

      await chooseByKeyboard(GB18030);
      await page.getByText('users.csv, read as GB18030').waitFor();
      await page.getByRole('cell', { name: '王五' }).waitFor();
      expect(await stored('users/4001')).toBeNull();
      const words = 'New users: 1. Changed users: 0.';
      await confirmAt(page, page.getByRole('button', { name: 'Import these rows' }), 'Import', words);

      await page.getByText('Imported. New users: 1, changed: 0.').waitFor();
      expect(await stored('users/4001')).toMatchObject({ name: '王五', phone: '+8613800138001' });
      await chooseByKeyboard(Buffer.concat([GB18030, Buffer.from('\r\n')]));
      await page.getByText('All rows are stored already, so there is nothing to import.').waitFor();
    });
  });

  describe.each(['light', 'dark'] as const)('in %s', (theme) => {
    let other: DeskPage;

    beforeAll(async () => {
      other = await openDesk(browser(), service, { theme, ...(theme === 'dark' && ON_A_PHONE) });
    });
    afterAll(async () => {
      expect(other.faults).toEqual([]);
      await other.close();
    });

    it.each([
      ['people', 'Add user'],
      ['people/users/1004', 'Change'],
      ['people/lines', 'Add service line'],
      ['people/import', null],
    ])('%s has no fault that axe finds serious, and fits', async (path, button) => {
      const { page, open } = other;
      await open(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.getByText('Loading…').waitFor({ state: 'detached' });

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
