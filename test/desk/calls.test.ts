/** The pages of the calls in a browser: the list and its filters, one call, refused calls. */
import { readFile } from 'node:fs/promises';
import type { Browser, Download, Page } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import {
  confirmAt,
  expectRefusal,
  hasFocus,
  ON_A_PHONE,
  openDesk,
  overflowOf,
  pressAt,
  seriousFaults,
  typeInto,
  type DeskPage,
} from './desk-page.js';
import { FOR_SOME_CALLS, placeSomeCalls, type SomeCalls } from './some-calls.js';

describeInBrowser('the calls on the desk', (browser: () => Browser) => {
  let service: TestApp;
  let calls: SomeCalls;
  /** Signed in once for all tests: English, light. */
  let desk: DeskPage;
  let page: Page;

  beforeAll(async () => {
    service = await startTestApp({ environment: FOR_SOME_CALLS });
    calls = await placeSomeCalls(service);
    desk = await openDesk(browser(), service);
    ({ page } = desk);
  });
  afterAll(async () => {
    await desk.close();
    await calls.receiver.close();
    await service.close();
  });
  afterEach(() => {
    expect(desk.takeFaults()).toEqual([]);
  });

  const rows = (name: string) => page.getByRole('table', { name, exact: true }).locator('tbody tr');
  const open = async (path: string, heading: string | RegExp): Promise<void> => {
    await desk.open(path);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  };
  const callOf = async (callSid: string) =>
    (await (await service.admin('GET', `calls/${callSid}`)).json()) as Record<string, unknown>;
  const savedBy = async (act: Promise<void>): Promise<{ download: Download; text: string }> => {
    const [download] = await Promise.all([page.waitForEvent('download'), act]);
    return { download, text: await readFile(await download.path(), 'utf8') };
  };

  describe('the list', () => {
    it('has each call, with parties, outcome and the provider’s code', async () => {
      await open('calls', 'Calls');

      const busy = rows('Calls').filter({ hasText: '2001' });
      await busy.waitFor();
      expect(await rows('Calls').count()).toBe(7);
      expect(await busy.innerText()).toMatch(
        /1011\s+\+86 139 0000 1011\s+2001\s+\+86 138 0000 2001\s+Busy\s+–\s+simulator\s+cause 17/,
      );
    });

    it('is filtered by several end reasons, by keyboard, and the address has them', async () => {
      await open('calls', 'Calls');
      await rows('Calls').first().waitFor();

      await page.getByRole('button', { name: /End reason/ }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('option', { name: 'Busy' }).focus();
      await page.keyboard.press('Space');
      await page.getByRole('option', { name: 'Rejected' }).focus();
      await page.keyboard.press('Space');
      await page.keyboard.press('Escape');

      await waitFor('two rows', async () => (await rows('Calls').count()) === 2);
      expect(new URL(page.url()).search).toBe('?endReason=busy%2Crejected');
      expect(await page.evaluate('document.activeElement.textContent')).toContain('Busy');
      await page.goBack();
      await waitFor('all rows', async () => (await rows('Calls').count()) === 7);
    });

    it('is filtered by days, of the zone that the address names', async () => {
      await open('calls?to=2020-01-01&timeZone=UTC', 'Calls');

      await page.getByText('Nothing matches these filters.').waitFor();
      await page.getByLabel('Before day').fill('');
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByRole('columnheader', { name: 'Requested (UTC)' }).waitFor();
      await page.getByLabel('From day').fill('2020-01-01');
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await page.getByLabel('From day').fill('2020-01-01');
      await page.getByLabel('From day').press('Enter');
      await waitFor('the address', () => new URL(page.url()).searchParams.get('from') === '2020-01-01');
      expect(new URL(page.url()).searchParams.get('timeZone')).toBe('Asia/Shanghai');
    });

    it.each([
      // The number of calls while two of them talk, and once their call is hung up, as another test does.
      ['phone=138+0000+2001', 1, 1],
      ['userId=1011', 1, 1],
      ['callerId=1011', 1, 1],
      ['calleeId=1011', 0, 0],
      ['stateType=3', 1, 0],
      ['open=true', 1, 0],
      ['open=false', 6, 7],
      ['completed=true', 1, 2],
      ['completed=false', 5, 5],
      ['provider=simulator&stateType=4,3', 7, 7],
    ])('takes the filter %s', async (query, whileTalking, onceOver) => {
      const count = (await callOf(calls.open))['stateType'] === '3' ? whileTalking : onceOver;
      await open(`calls?${query}`, 'Calls');

      if (count === 0) await page.getByText('Nothing matches these filters.').waitFor();
      else await rows('Calls').first().waitFor();
      expect(await rows('Calls').count()).toBe(count);
    });

    it('loads a page at a time, and begins anew when it is refreshed', async () => {
      // Pages of three calls.
      const list = /\/v1\/admin\/calls\?/;
      await page.route(list, (route) => route.continue({ url: route.request().url().replace('limit=50', 'limit=3') }));
      await open('calls', 'Calls');

      await page.getByText('3 shown').waitFor();
      await page.getByRole('button', { name: 'Show more' }).click();
      await page.getByText('6 shown').waitFor();
      await pressAt(page, page.getByRole('button', { name: 'Show more' }));
      await page.getByText('7 shown').waitFor();
      expect(await rows('Calls').count()).toBe(7);
      // The button is gone.
      await waitFor('the focus to be at the end', () => hasFocus(page, page.getByText('7 shown')));
      expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0);

      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.getByText('3 shown').waitFor();
      await page.unroute(list);
    });

    it('says what is wrong with a filter', async () => {
      await open('calls?timeZone=Nowhere&from=2026-01-01', 'Calls');

      await page.getByText('The service does not accept this.').waitFor();
      await page.getByText('/timeZone').waitFor();
      // The browser's own line for a 400.
      desk.takeFaults();
    });

    it('saves what is filtered as CSV, by keyboard alone', async () => {
      await open('calls?endReason=busy', 'Calls');
      await rows('Calls').first().waitFor();

      const { download, text } = await savedBy(pressAt(page, page.getByRole('button', { name: 'CSV' })));

      expect(download.suggestedFilename()).toBe('calls.csv');
      expect(text.trim().split('\r\n')).toHaveLength(2);
      expect(text).toContain('requestedAt (Asia/Shanghai)');
      expect(text).toContain(calls.busy);

      await page.getByLabel('Phone number').fill(/'\+86138\d+/.exec(text)![0]);
      await page.keyboard.press('Enter');
      await waitFor('the number', () => new URL(page.url()).searchParams.get('phone') === '+8613800002001');
    });

    it('saves what is filtered as JSON lines, by keyboard alone', async () => {
      await open('calls?endReason=busy,rejected', 'Calls');
      await rows('Calls').first().waitFor();

      const button = page.getByRole('button', { name: 'JSON lines' });
      const { download, text } = await savedBy(pressAt(page, button));

      expect(download.suggestedFilename()).toBe('calls.ndjson');
      expect(text).toMatch(/\}\n$/);
      const saved = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
      expect(saved).toMatchObject([
        { callSid: calls.rejected, endReason: 'rejected', local: { timeZone: 'Asia/Shanghai' } },
        { callSid: calls.busy, endReason: 'busy', calleePhone: '+8613800002001' },
      ]);
      expect(await hasFocus(page, button)).toBe(true);
    });

    it('stops saving a file on demand, by keyboard alone', async () => {
      await open('calls', 'Calls');
      // No answer comes.
      await page.route('**/calls.ndjson?*', () => undefined);

      await pressAt(page, page.getByRole('button', { name: 'JSON lines' }));
      await page.getByRole('status').getByText('The file is being fetched.').waitFor();
      expect(await page.getByRole('button', { name: 'CSV' }).isDisabled()).toBe(true);
      await pressAt(page, page.getByRole('button', { name: 'Cancel' }));

      await waitFor('the focus to be on the page', () => hasFocus(page, page.getByRole('main')));
      expect(await page.getByRole('button', { name: 'CSV' }).isDisabled()).toBe(false);
      await page.unrouteAll();
    });

    it('leads to a call by its callSid, and says if it is none, by keyboard alone', async () => {
      await open('calls', 'Calls');
      await typeInto(page, page.getByLabel('Find by callSid'), '123');
      await pressAt(page, page.getByRole('button', { name: 'Show', exact: true }));
      await page.getByText('A callSid has 32 digits.').waitFor();

      // As it stands in an export.
      await typeInto(page, page.getByLabel('Find by callSid'), `'${calls.busy}`);
      await page.keyboard.press('Enter');

      await page.getByText('The callee’s phone was busy.').waitFor();
      expect(page.url()).toBe(`${service.url}/desk/calls/${calls.busy}`);
    });
  });

  describe('one call', () => {
    it('says what became of it, with the provider’s codes in words', async () => {
      await open(`calls/${calls.rejected}`, /^Call /);

      await page.getByText('The callee’s phone declined the call.').waitFor();
      const legB = page.getByRole('article', { name: 'Leg B: the callee' });
      expect(await legB.innerText()).toMatch(/cause 21 call rejected/);
    });

    it('is drawn: each event is a button that says it, and leads to its row, by keyboard alone', async () => {
      await open(`calls/${calls.completed}`, /^Call /);
      const legB = page.getByRole('group', { name: 'Leg B (callee)' });
      const ringing = legB.getByRole('button', { name: /Callee’s phone rings · simulator/ });

      await ringing.waitFor();
      expect(await legB.getByRole('button').count()).toBe(3);
      await pressAt(page, ringing);

      expect(await page.evaluate('document.activeElement.innerText')).toContain('Callee’s phone rings');
      const source = page.getByRole('table', { name: 'Events' }).locator('tr', { hasText: 'Dial accepted' });
      expect(await source.innerText()).toContain('ringback');
    });

    it('shows an event when it is pointed at', async () => {
      await open(`calls/${calls.completed}`, /^Call /);

      // A hand moves the mouse before it is there.
      await page.mouse.move(600, 5);
      await page.getByRole('button', { name: /Callee answered · simulator/ }).hover();

      await page.getByRole('tooltip').getByText('Callee answered').waitFor();
    });

    it('shows who was told, and tells them again, by keyboard alone', async () => {
      await open(`calls/${calls.busy}`, /^Call /);
      const told = () => calls.receiver.accepted(calls.busy).length;
      const before = told();
      const delivery = rows(calls.receiver.url).filter({ hasText: 'call.over' });
      await delivery.getByText('1, the last: 204').waitFor();

      const again = delivery.getByRole('button', { name: /Deliver again/ });
      await confirmAt(page, again, 'Deliver again', calls.receiver.url);

      await page.getByText('Deliveries under way: 1.').waitFor();
      await waitFor('the webhook', () => told() === before + 1);
      await delivery.getByText('2, the last: 204').waitFor();
      expect(await hasFocus(page, again)).toBe(true);
    });

    it('is saved as a bundle, masked, or with whole numbers after a question', async () => {
      await open(`calls/${calls.busy}`, /^Call /);

      const masked = await savedBy(pressAt(page, page.getByRole('button', { name: 'Download bundle' })));
      await pressAt(page, page.getByRole('button', { name: 'Bundle with whole numbers' }));
      const full = await savedBy(
        pressAt(page, page.getByRole('alertdialog').getByRole('button', { name: 'Download' })),
      );

      expect(masked.download.suggestedFilename()).toBe(`call-${calls.busy}.json`);
      expect(JSON.parse(masked.text)).toMatchObject({ call: { callSid: calls.busy, calleePhone: '138****2001' } });
      expect(JSON.parse(full.text)).toMatchObject({ call: { calleePhone: '+8613800002001' } });
    });

    it('is hung up after a question by keyboard alone, and shows that it is over', async () => {
      await open(`calls/${calls.open}`, /^Call /);
      await page.getByText('The two are talking.').waitFor();

      await pressAt(page, page.getByRole('button', { name: 'Hang up' }));
      const dialog = page.getByRole('alertdialog');
      await dialog.getByText('+8613900001015').waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      await pressAt(page, dialog.getByRole('button', { name: 'Hang up' }));

      await page.getByText('The call is hung up.').waitFor();
      // Its button is gone.
      await waitFor('the focus to be on the page', () => hasFocus(page, page.getByRole('main')));
      await page.getByText('It was ended by an order of an administrator.').waitFor();
      expect(await callOf(calls.open)).toMatchObject({ stateType: '4', endedBy: 'cancel', canceledBy: 'admin' });
      expect(await page.getByRole('button', { name: 'Hang up' }).count()).toBe(0);
    });

    it('is drawn from what a provider has sent, however little, late or new', async () => {
      const found = await callOf(calls.completed);
      const events = found['events'] as { type: string; occurredAt: string }[];
      const [requested, , , ringing, , ended] = events;
      const address = `**/v1/admin/calls/${calls.completed}`;
      const answerWith = (call: object) =>
        page.route(address, (route) => route.fulfill({ json: { ...found, ...call } }));
      const bars = async () => (await page.locator('.bar-of-leg').allInnerTexts()).map((bar) => bar.split(' ')[0]);

      // No word of leg A; the clock of the provider is behind; a type that this version does not know.
      const early = { ...ringing!, occurredAt: new Date(Date.parse(requested!.occurredAt) - 500).toISOString() };
      await answerWith({
        events: [ended!, { ...requested!, type: 'transferred' }, early],
        ringingAt: early.occurredAt,
      });
      await open(`calls/${calls.completed}`, /^Call /);

      await page.getByRole('button', { name: /transferred/ }).waitFor();
      expect(await bars()).toEqual(['Connected', 'Rings', 'Talks']);
      await page.unroute(address);

      // All at one instant.
      const { occurredAt } = requested!;
      const [requestedAt, answeredAt, endedAt] = [occurredAt, occurredAt, occurredAt];
      await answerWith({
        events: events.map((event) => ({ ...event, occurredAt })),
        ...{ requestedAt, answeredAt, endedAt, ringingAt: null },
      });
      await open(`calls/${calls.completed}`, /^Call /);

      await page.getByRole('group', { name: 'Leg B (callee)' }).getByRole('button').waitFor();
      expect(await bars()).toEqual([]);
      await page.unroute(address);
    });

    it('that does not exist says so', async () => {
      await open(`calls/${'9'.repeat(32)}`, 'There is no such call.');

      // The browser's own line for a 404.
      desk.takeFaults();
    });
  });

  it('refused calls have their reason, and what the rules saw', async () => {
    await open('calls', 'Calls');
    await page.getByRole('link', { name: 'Refused calls' }).click();

    const refusal = rows('Refused calls').first();
    await refusal.getByText('Provider refuses the number').waitFor();
    await refusal.getByText('What the rules saw').click();
    await refusal.getByText('callee_destination').waitFor();
    expect(await refusal.innerText()).toContain('138****2006');
    await open('calls/refused?fault=same_phone', 'Refused calls');
    await page.getByText('Nothing matches these filters.').waitFor();
  });

  it.each(['2026-13-01', '2026-02-31'])(
    'refused calls from %s, which is no day, are for the service to refuse',
    async (day) => {
      await open(`calls/refused?from=${day}`, 'Refused calls');

      await page.getByText('The service does not accept this.').waitFor();
      expect(await page.getByLabel('From day').inputValue()).toBe(day);
      expectRefusal(desk, 400);
    },
  );

  it('without the scopes, there is nothing to hang up or to replay, and numbers are masked', async () => {
    const reader = await openDesk(browser(), service, { isSignedIn: false });
    await reader.open('sign-in');
    await reader.page.getByLabel('Access token').fill(await service.token('1001', 'admin:read'));
    await reader.page.getByRole('button', { name: 'Sign in' }).click();
    await reader.page.locator('.shell').waitFor();

    await reader.open(`calls/${calls.busy}`);
    await reader.page.getByRole('article', { name: 'Leg B: the callee' }).getByText('138****2001').waitFor();
    await reader.page.getByText('call.over').waitFor();

    expect(await reader.page.getByText('+86 138 0000 2001').count()).toBe(0);
    for (const name of [/Deliver/, 'Hang up', 'Bundle with whole numbers']) {
      expect(await reader.page.getByRole('button', { name }).count()).toBe(0);
    }
    expect(reader.faults).toEqual([]);
    await reader.close();
  });

  it.each([
    ['en-US', 'light'],
    ['zh-CN', 'dark'],
  ] as const)('axe finds nothing serious, and all fits on a phone: %s, %s', async (language, theme) => {
    const phone = await openDesk(browser(), service, { ...ON_A_PHONE, language, theme });

    for (const path of ['calls', 'calls/refused', `calls/${calls.completed}`]) {
      await phone.open(path);
      await phone.page.locator('tbody tr').first().waitFor();
      expect([path, await seriousFaults(phone.page)]).toEqual([path, []]);
      expect([path, await overflowOf(phone.page)]).toEqual([path, 0]);
    }
    expect(phone.faults).toEqual([]);
    await phone.close();
  });
});
