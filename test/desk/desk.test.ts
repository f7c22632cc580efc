/** The desk in a browser: signing in, languages, themes, the keyboard, a phone, and the page of the providers. */
import type { Browser, Locator, Page } from 'playwright-core';
import { FAILURES_IN_A_ROW } from '../../src/telephony/provider-circuit.js';
import { describeInBrowser } from '../support/browser.js';
import { placeCall } from '../support/placed-call.js';
import { startPrefixProxy, type PrefixProxy } from '../support/prefix-proxy.js';
import { endOpenCalls } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { describeBothLanguages } from './both-languages.js';
import {
  chooseAt,
  hasFocus,
  ON_A_PHONE,
  openDesk,
  overflowOf,
  pressAt,
  seriousFaults,
  tabTo,
  typeInto,
  type DeskPage,
} from './desk-page.js';
import { linkFor, signIn } from './desk-requests.js';
import { describeFailingPages } from './failing-pages.js';
import { FOR_SOME_CALLS } from './some-calls.js';

describeInBrowser('the desk in a browser', (browser: () => Browser) => {
  let service: TestApp;
  const opened: DeskPage[] = [];

  beforeAll(async () => {
    service = await startTestApp({ environment: FOR_SOME_CALLS });
  });
  afterAll(() => service.close());
  afterEach(async () => {
    const faults = opened.flatMap((desk) => desk.faults);
    await Promise.all(opened.splice(0).map((desk) => desk.close()));
    expect(faults).toEqual([]);
  });

  const open = async (options: Parameters<typeof openDesk>[2] = {}): Promise<DeskPage> => {
    const desk = await openDesk(browser(), service, options);
    opened.push(desk);
    if (options.isSignedIn !== false) await desk.open('providers');
    return desk;
  };

  describe('signing in', () => {
    it('by a one-time link leads to the first page, and leaves no code in the address', async () => {
      const { page, open: go } = await open({ isSignedIn: false });
      await go(`sign-in#${await linkFor('1001')}`);

      await page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
      expect(page.url()).toBe(`${service.url}/desk/now`);
      expect(await page.title()).toBe('Now · Ringback');
      await page.goBack();
      expect(page.url()).not.toContain('#');
    });

    it('transfers less than 300 KB until the first page is there, all files and responses counted', async () => {
      const { page, open: go } = await open({ isSignedIn: false });
      await go(`sign-in#${await linkFor('1001')}`);
      await liveCallsOn(page).waitFor();

      // One document: the first page came without another one. Sizes are those on the line, with headers.
      const loaded = await page.evaluate<{ name: string; transferSize: number }[]>(
        `performance.getEntries().filter(({ transferSize }) => transferSize !== undefined).map((entry) => entry.toJSON())`,
      );

      const names = loaded.map(({ name }) => new URL(name).pathname);
      expect(names).toEqual(
        expect.arrayContaining(['/desk/sign-in', '/v1/desk/session', expect.stringMatching(/\.css$/)]),
      );
      expect(names.filter((name) => /^\/desk\/assets\/.*\.js$/.test(name)).length).toBeGreaterThan(2);
      // None came from a cache.
      expect(loaded.filter(({ transferSize }) => transferSize === 0)).toEqual([]);
      const bytes = loaded.reduce((sum, { transferSize }) => sum + transferSize, 0);
      expect(bytes).toBeLessThan(300_000);
    });

    it('by a used link says what to do, and a new one may be put over its address', async () => {
      const link = await linkFor('1001');
      await signIn(service, { link });
      const desk = await openDesk(browser(), service, { isSignedIn: false });

      await desk.open(`sign-in#${link}`);

      await desk.page.getByRole('heading', { name: 'This link has been used' }).waitFor();
      await desk.page.getByText('npm run -s desk').waitFor();
      expect(desk.page.url()).toBe(`${service.url}/desk/sign-in`);
      expect(await seriousFaults(desk.page)).toEqual([]);
      // In the same tab.
      await desk.open(`sign-in#${await linkFor('1001')}`);
      await desk.page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
      await desk.close();
    });

    it('by somebody else’s link asks first', async () => {
      const { page, open: go } = await open();

      await go(`sign-in#${await linkFor('1007')}`);

      await page.getByRole('heading', { name: 'You are signed in as 1001' }).waitFor();
      await page.getByRole('button', { name: 'Stay signed in' }).click();
      await page.getByText('Signed in as 1001').waitFor();
    });

    it('by a token, by keyboard alone, leads back to where the person was, and the token is not kept', async () => {
      const { page, open: go } = await open({ isSignedIn: false });
      await go('providers?callerId=1001&phone=%2B8613800002000');
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      expect(await seriousFaults(page)).toEqual([]);

      const token = await service.token('1001', 'admin');
      await typeInto(page, page.getByLabel('Access token'), token);
      await pressAt(page, page.getByRole('button', { name: 'Sign in' }));

      await page.getByText('The call would go by simulator').waitFor();
      expect(page.url()).toBe(`${service.url}/desk/providers?callerId=1001&phone=%2B8613800002000`);
      const kept = await page.evaluate(
        'JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])',
      );
      expect(kept).not.toContain(token);
      expect(kept).not.toContain('ringback-desk=');
    });

    it.each([
      ['that is none', () => Promise.resolve('nonsense'), 'The service does not accept this token.'],
      ['of an app’s user', () => service.token('1001'), 'it has no scope of the admin API'],
    ])('by a token %s says what is wrong with it', async (_, token, fault) => {
      const desk = await openDesk(browser(), service, { isSignedIn: false });
      await desk.open('sign-in');

      await desk.page.getByLabel('Access token').fill(await token());
      await desk.page.getByRole('button', { name: 'Sign in' }).click();

      await desk.page.getByRole('alert').getByText(fault).waitFor();
      await desk.close();
    });

    it('ends by signing out, by keyboard alone', async () => {
      const { page } = await open();

      await pressAt(page, page.getByRole('button', { name: 'Sign out' }));

      await tabTo(page, page.getByLabel('Access token'));
      await page.reload();
      await page.getByLabel('Access token').waitFor();
    });
  });

  describe('behind a proxy with a path prefix', () => {
    let proxy: PrefixProxy;

    beforeAll(async () => {
      proxy = await startPrefixProxy(service.url);
    });
    afterAll(() => proxy.close());

    it('signs in, shows a call as it changes and its page, asks the service, and signs out', async () => {
      const desk = await openDesk(browser(), proxy, { isSignedIn: false });
      opened.push(desk);
      const { page } = desk;
      await page.goto(`${proxy.url}/`);
      await page.getByRole('link', { name: 'Desk' }).click();
      await page.getByLabel('Access token').fill(await service.token('1001', 'admin'));
      await page.getByRole('button', { name: 'Sign in' }).click();
      await liveCallsOn(page).waitFor();
      expect(page.url()).toBe(`${proxy.url}/desk/now`);

      const callSid = await placeCall(service, '1012', '2013');
      await page.locator(`[data-call="${callSid}"]`).getByText('Talks').first().waitFor();
      await page.locator(`[data-call="${callSid}"]`).getByRole('link').click();
      await page.waitForURL(`${proxy.url}/desk/calls/${callSid}`);
      await page.reload();
      await page.getByRole('button', { name: 'Hang up' }).click();
      await page.getByRole('alertdialog').getByRole('button', { name: 'Hang up' }).click();
      await page.getByText('The call is hung up.').waitFor();
      await page.getByRole('link', { name: 'Providers' }).click();
      await page.getByRole('article', { name: 'simulator' }).waitFor();

      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Access token').waitFor();
      await desk.open(`sign-in#${await linkFor('1001')}`);
      // Where the person was.
      await page.getByRole('article', { name: 'simulator' }).waitFor();
      expect(page.url()).toBe(`${proxy.url}/desk/providers`);
    });
  });

  describe('its texts', () => {
    it.each([
      ['en-US', 'Providers', 'en'],
      ['zh-CN', '服务商', 'zh-CN'],
      ['fr-FR', 'Providers', 'en'],
    ] as const)('are those of a browser in %s', async (language, heading, lang) => {
      const { page } = await open({ language });

      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      expect(await page.getAttribute('html', 'lang')).toBe(lang);
    });

    it('are in the language that the person has chosen by keyboard alone, also the next time', async () => {
      const { page } = await open();

      await chooseAt(page, page.getByRole('button', { name: /Language/ }), '中文');

      await waitFor('the focus to come back', () => hasFocus(page, page.getByRole('button', { name: /语言/ })));
      await page.getByRole('heading', { level: 1, name: '服务商' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { level: 1, name: '服务商' }).waitFor();
    });
  });

  describe('a session without all scopes', () => {
    const withScope = async (scope: string, path: string): Promise<DeskPage> => {
      const desk = await open({ isSignedIn: false });
      await desk.open(path);
      await desk.page.getByLabel('Access token').fill(await service.token('1001', scope));
      await desk.page.getByRole('button', { name: 'Sign in' }).click();
      return desk;
    };
    const menuOf = (page: DeskPage['page']) => page.getByRole('navigation', { name: 'Pages' }).getByRole('link');

    it('has the pages that it may see in its menu, and says which scope another one needs', async () => {
      const { page, open: go } = await withScope('admin:read', 'audit');

      await page.getByRole('heading', { name: 'You may not see this page.' }).waitFor();
      await page.getByText('It needs the scope admin:audit:read, which your sign-in does not have.').waitFor();
      expect(await menuOf(page).allInnerTexts()).toEqual([
        'Now',
        'Calls',
        'Figures',
        'Providers',
        'People',
        'Webhooks',
        'Protection',
      ]);
      expect(await seriousFaults(page)).toEqual([]);
      await go('people/import');
      await page.getByText('It needs the scope admin:directory:write').waitFor();
    });

    it('begins with the first page that it may see', async () => {
      const { page } = await withScope('admin:audit:read', '');

      await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor();
      expect(await menuOf(page).allInnerTexts()).toEqual(['Audit']);
      // What it is about has a page, which the session may not see.
      await page
        .getByText(/desk-session:/)
        .first()
        .waitFor();
    });
  });

  describe('its colours', () => {
    const isDark = (page: DeskPage['page']): Promise<boolean> =>
      page.evaluate(`(() => {
        const [r, g, b] = getComputedStyle(document.documentElement).backgroundColor.match(/[\\d.]+/g).map(Number);
        return r + g + b < 200;
      })()`);

    it('are the system’s', async () => {
      const light = await open({ theme: 'light' });
      const dark = await open({ theme: 'dark' });

      expect([await isDark(light.page), await isDark(dark.page)]).toEqual([false, true]);
    });

    it('are those that the person has chosen by keyboard alone, also the next time', async () => {
      const { page } = await open({ theme: 'light' });

      await chooseAt(page, page.getByRole('button', { name: /Appearance/ }), 'Dark');

      expect(await isDark(page)).toBe(true);
      await page.reload();
      await page.getByRole('navigation').waitFor();
      expect(await isDark(page)).toBe(true);
    });
  });

  describe('the page of the providers', () => {
    it('shows each provider, its limits and its settings, without secrets', async () => {
      const { page, open: go } = await open();
      await go('providers');

      const card = page.getByRole('article', { name: 'simulator' });
      await card.getByText('Reachable').waitFor();
      await card.getByText('Settings in use').click();
      expect(await card.textContent()).toContain('SIMULATOR_SPEED');
    });

    it('tries a call by keyboard alone, and keeps what was asked in the address', async () => {
      const { page, open: go } = await open();
      await go('providers');
      await page.getByLabel('Caller').focus();

      await page.keyboard.type('1001');
      await page.keyboard.press('Tab');
      await page.keyboard.type('2000');
      await page.keyboard.press('Enter');

      await page.getByText('The call would go by simulator').waitFor();
      expect(new URL(page.url()).search).toBe('?callerId=1001&calleeId=2000');
      await page.getByRole('table', { name: 'Rules, in order' }).waitFor();
      await page.getByText('Would carry it').waitFor();
    });

    it('says in Chinese what each rule saw and said', async () => {
      await service.admin('PUT', 'suppressions', { suppressions: [{ phone: '13800002001' }] });
      const { page, open: go } = await open({ language: 'zh-CN' });

      await go('providers?callerId=1001&calleeId=2001');

      await page.locator('.outcome').getByText('被叫的号码在禁呼名单上。').first().waitFor();
      const rows = await page.getByRole('table', { name: '规则（按顺序）' }).locator('tbody tr').allInnerTexts();
      expect(rows.at(-1)).toMatch(/^被叫是否在禁呼名单上 callee_suppression\s+在名单上\s+被叫的号码在禁呼名单上。$/);
      expect(await page.locator('.way .badge').allInnerTexts()).toEqual(['可以承载']);
      expect(rows[0]).toMatch(/^主叫是否被冻结 caller_freeze\s+无\s+允许$/);
    });

    it('shows that a provider’s circuit is open, until a dial succeeds again', async () => {
      const callers = Array.from({ length: FAILURES_IN_A_ROW }, (_, place) => String(1030 + place));
      await Promise.all(callers.map((userId) => service.ask(userId, 'call/2009')));
      const { page, open: go } = await open();

      await go('providers?callerId=1001&calleeId=2000');

      const card = page.getByRole('article', { name: 'simulator' });
      await card.getByText('Circuit open', { exact: true }).waitFor();
      await card.getByText('Ten dials in a row failed').waitFor();
      // It answers when it is asked how it is; only dials fail.
      await card.getByText('Reachable', { exact: true }).waitFor();
      await page.getByText('It has failed repeatedly, so no calls are sent to it for a while.').waitFor();
      expect(await seriousFaults(page)).toEqual([]);

      // Its next dial is a trial. Each earlier one is refused without a request.
      await waitFor('the trial', async () => (await service.ask('1029', 'call/2000')).returnCode === 200);
      await page.getByRole('button', { name: 'Refresh' }).click();
      await card.getByText('Circuit open', { exact: true }).waitFor({ state: 'detached' });
      expect(await card.getByText('Ten dials in a row failed').count()).toBe(0);
      // The failed dials may have placed calls, so their records are open.
      await endOpenCalls(service.database);
    });

    it('says what is wrong with a question', async () => {
      const { page, open: go, takeFaults } = await open();

      await go('providers?callerId=1001');

      await page.getByText('The service does not accept this.').waitFor();
      // The browser's own line for each 400.
      takeFaults();
    });

    it.each(['light', 'dark'] as const)('has no fault that axe finds serious, in %s', async (theme) => {
      const { page, open: go } = await open({ theme });
      await go('providers?callerId=1001&calleeId=2000');
      await page.getByText('The call would go by simulator').waitFor();

      expect(await seriousFaults(page)).toEqual([]);
    });

    it('fits on a phone, where the pages are in a menu', async () => {
      const { page, open: go } = await open({ ...ON_A_PHONE, isSignedIn: false });
      await go(`sign-in#${await linkFor('1001')}`);
      await page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
      await go('providers?callerId=1001&calleeId=2000');
      await page.getByText('The call would go by simulator').waitFor();

      expect(await overflowOf(page)).toBe(0);
      await page.getByRole('button', { name: 'Menu' }).click();
      await page.getByRole('link', { name: 'Providers' }).click();
      expect(await seriousFaults(page)).toEqual([]);
    });
  });

  describe('by keyboard', () => {
    it('the first key leads past the navigation', async () => {
      const { page } = await open();
      await page.getByRole('heading', { level: 1, name: 'Providers' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { level: 1, name: 'Providers' }).waitFor();

      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
      await page.keyboard.press('Enter');

      expect(await page.evaluate('document.activeElement.id')).toBe('content');
    });

    it('each thing that has the focus shows it', async () => {
      const { page, open: go } = await open();
      await go('providers');
      await page.getByRole('article', { name: 'simulator' }).waitFor();

      const outlines: unknown[] = [];
      for (let i = 0; i < 12; i++) {
        await page.keyboard.press('Tab');
        outlines.push(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'));
      }

      expect(outlines.filter((style) => style === 'none')).toEqual([]);
    });
  });

  it('a page that does not exist says so, and leads back', async () => {
    const { page, open: go } = await open();

    await go('nothing/here');

    await page.getByRole('heading', { name: 'There is no such page.' }).waitFor();
    await page.getByRole('link', { name: 'To the first page' }).click();
    await page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
  });

  describe('in both languages,', () => describeBothLanguages(browser, () => service));

  describe('if something fails:', () => describeFailingPages(browser, () => service));
});

/** The first page with what it shows, whether or not another test has left a live call. */
const liveCallsOn = (page: Page): Locator =>
  page.getByText('No call is live.').or(page.locator('table.live-calls')).first();
