/** The desk in a browser: signing in, languages, themes, the keyboard, a phone, and the page of the providers. */
import type { Browser } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { ON_A_PHONE, openDesk, overflowOf, seriousFaults, type DeskPage } from './desk-page.js';
import { linkFor, signIn } from './desk-requests.js';

describeInBrowser('the desk in a browser', (browser: () => Browser) => {
  let service: TestApp;
  const opened: DeskPage[] = [];

  beforeAll(async () => {
    service = await startTestApp();
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

    it('by a used link says what to do, and a new one may be put over its address', async () => {
      const link = await linkFor('1001');
      await signIn(service, { link });
      const desk = await openDesk(browser(), service, { isSignedIn: false });

      await desk.open(`sign-in#${link}`);

      await desk.page.getByRole('heading', { name: 'This link has been used' }).waitFor();
      expect(await desk.page.getByText('npm run -s desk').count()).toBe(1);
      expect(desk.page.url()).toBe(`${service.url}/desk/sign-in`);
      expect(await seriousFaults(desk.page)).toEqual([]);
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

    it('by a token leads back to where the person was, and the token is not kept', async () => {
      const { page, open: go } = await open({ isSignedIn: false });
      await go('providers?callerId=1001&phone=%2B8613800002000');
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      expect(await seriousFaults(page)).toEqual([]);

      const token = await service.token('1001', 'admin');
      await page.getByLabel('Access token').fill(token);
      await page.getByRole('button', { name: 'Sign in' }).click();

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

    it('ends by signing out', async () => {
      const { page } = await open();

      await page.getByRole('button', { name: 'Sign out' }).click();

      await page.getByLabel('Access token').waitFor();
      await page.reload();
      await page.getByLabel('Access token').waitFor();
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

    it('are in the language that the person has chosen, also the next time', async () => {
      const { page } = await open();

      await page.getByRole('button', { name: /Language/ }).click();
      await page.getByRole('option', { name: '中文' }).click();

      await page.getByRole('heading', { level: 1, name: '服务商' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { level: 1, name: '服务商' }).waitFor();
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

    it('are those that the person has chosen, also the next time', async () => {
      const { page } = await open({ theme: 'light' });

      await page.getByRole('button', { name: /Appearance/ }).click();
      await page.getByRole('option', { name: 'Dark' }).click();

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
      expect(await page.getByText('Would carry it').count()).toBe(1);
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
});
