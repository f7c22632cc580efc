/** Cases of desk.test.ts, with its service and browser: a service that fails, and a browser without a connection. */
import type { Browser, Locator, Page, Route } from 'playwright-core';
import { placeCall } from '../support/placed-call.js';
import type { TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { openDesk, overflowOf, seriousFaults, type DeskPage } from './desk-page.js';
import { linkFor } from './desk-requests.js';

const API = '**/v1/admin/**';
const SERVICE_FAILS = 'The service has failed. Its log says why, under the id of the request.';
const NO_CONNECTION = 'Check your connection, then try again.';

/** What a page shows that could read something, also if that is nothing. */
const CONTENT = 'main :is(table, article, .live-counts, .figure-summary, .state:not(.state-failed, .state-loading))';

const fail = (route: Route): Promise<void> =>
  route.fulfill({ status: 500, json: { status: 500, code: 'INTERNAL', requestId: 'req-of-this-test' } });

export const describeFailingPages = (browser: () => Browser, service: () => TestApp): void => {
  let desk: DeskPage;
  let page: Page;
  let callSid: string;

  beforeAll(async () => {
    callSid = await placeCall(service(), '1020', '2013');
    desk = await openDesk(browser(), service());
    ({ page } = desk);
    // The page asks three times, with pauses.
    await page.clock.install();
  });
  afterAll(() => desk.close());
  afterEach(async () => {
    await page.context().setOffline(false);
    await page.unrouteAll();
    // The browser's own lines for the failures.
    desk.takeFaults();
  });

  const retries = (on = page): Locator => on.getByRole('button', { name: /^Try (again|now)$/ });

  const tryAgain = async (): Promise<void> => {
    for (let left = await retries().count(); left > 0; left--)
      await retries()
        .nth(left - 1)
        .click();
  };

  const failure = (words: string): Promise<unknown> =>
    waitFor('the failure', async () => {
      if ((await retries().count()) > 0 && (await page.getByText(words).count()) > 0) return true;
      await page.clock.fastForward(2_000);
      return false;
    });

  const expectRecovery = async (): Promise<void> => {
    await page.locator(CONTENT).first().waitFor();
    await waitFor('the end of the failure', async () => (await retries().count()) === 0);
  };

  it.each([
    'calls',
    'calls/refused',
    'calls/:callSid',
    'figures',
    'providers',
    'people',
    'people/users/1001',
    'people/lines',
    'protection',
    'protection/freezes',
    'protection/money',
    'protection/limits',
    'webhooks',
    'webhooks/1',
    'webhooks/1/deliveries/16090510160925480001030600243044-1',
    'audit',
  ])('%s says that the service fails, then that there is no connection, and comes back with it', async (path) => {
    await page.route(API, fail);
    await desk.open(path.replace(':callSid', callSid));
    await failure(SERVICE_FAILS);
    expect(await page.getByText('Request req-of-this-test').count()).toBeGreaterThan(0);
    expect(await page.locator(CONTENT).count()).toBe(0);

    await page.context().setOffline(true);
    await page.unroute(API);
    await tryAgain();
    await failure(NO_CONNECTION);

    await page.context().setOffline(false);
    await expectRecovery();
  });

  it('the live calls are asked for again on demand, and come back by themselves', async () => {
    await page.route(API, fail);
    await desk.open('now');
    await failure('Not live since');
    expect(await page.locator(CONTENT).count()).toBe(0);
    await Promise.all([page.waitForRequest(/\/calls\/stream/), tryAgain()]);

    await page.context().setOffline(true);
    await page.unroute(API);
    await page.context().setOffline(false);

    await expectRecovery();
  });

  it('an open call that cannot be read again says so beside what it had', async () => {
    await desk.open(`calls/${callSid}`);
    await page.locator(CONTENT).first().waitFor();

    await page.route(API, fail);
    await failure(SERVICE_FAILS);

    expect(await page.getByRole('table', { name: 'Events' }).count()).toBe(1);
    expect(await seriousFaults(page)).toEqual([]);
  });

  it('a file that could not be tried is tried again without choosing it again', async () => {
    await desk.open('people/import');
    await page.route(API, fail);
    const buffer = Buffer.from('id,name,phone\n4009,张三,13800138009\n');
    await page.getByLabel('CSV file').setInputFiles({ name: 'users.csv', mimeType: 'text/csv', buffer });
    await failure(SERVICE_FAILS);

    await page.unroute(API);
    await tryAgain();

    await page.getByRole('button', { name: 'Import these rows' }).waitFor();
    expect(await retries().count()).toBe(0);
  });

  it('an order without a connection fails, and is not carried out later', async () => {
    await desk.open('protection/freezes');
    await page.getByRole('button', { name: 'Freeze' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('User’s id or external id').fill('1001');

    await page.context().setOffline(true);
    await form.getByRole('button', { name: 'Freeze' }).click();
    await form.getByText(NO_CONNECTION).waitFor();
    await page.context().setOffline(false);
    await form.getByRole('button', { name: 'Cancel' }).click();

    await page.reload();
    await page.getByText('Nothing is frozen.').waitFor();
  });

  it('a sign-out that fails says so, and nobody is signed out', async () => {
    await page.route('**/v1/desk/session', (route) =>
      route.request().method() === 'DELETE' ? fail(route) : route.continue(),
    );
    await desk.open('audit');
    await page.getByRole('table', { name: 'Audit' }).waitFor();

    await page.getByRole('button', { name: 'Sign out' }).click();

    await page.getByRole('alert').getByText(SERVICE_FAILS).waitFor();
    expect(await page.getByRole('table', { name: 'Audit' }).count()).toBe(1);
    expect(await overflowOf(page)).toBe(0);
  });

  it('a page that could not be fetched is fetched when there is a connection', async () => {
    const other = await openDesk(browser(), service());
    await other.open('now');
    await other.page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();

    await other.page.context().setOffline(true);
    await other.page.getByRole('link', { name: 'Audit' }).click();
    await other.page.getByRole('heading', { name: 'This page has failed.' }).waitFor();
    await retries(other.page).click();
    await other.page.getByText(NO_CONNECTION).waitFor();
    await other.page.context().setOffline(false);
    await retries(other.page).click();

    await other.page.getByRole('table', { name: 'Audit' }).waitFor();
    expect(other.page.url()).toBe(`${service().url}/desk/audit`);
    await other.close();
  });

  describe('before anybody is signed in', () => {
    it('a service behind a proxy that has no answer is asked again on demand', async () => {
      const { status, body } = { status: 502, body: '<html>Bad gateway</html>' };
      await page.route('**/v1/**', (route) => route.fulfill({ status, body, contentType: 'text/html' }));
      await desk.open('audit');
      await failure('The answer makes no sense. A proxy in front may have sent it.');
      expect(await seriousFaults(page)).toEqual([]);

      await page.context().setOffline(true);
      await page.unroute('**/v1/**');
      await tryAgain();
      await failure(NO_CONNECTION);
      await page.context().setOffline(false);

      await page.getByRole('table', { name: 'Audit' }).waitFor();
    });

    it('the page for signing in says what it could not read, and a link is tried again', async () => {
      const other = await openDesk(browser(), service(), { width: 360, isSignedIn: false });
      await other.page.clock.install();
      await other.page.route('**/v1/desk/sign-in', fail);
      await other.page.route('**/v1/desk/session', (route) =>
        route.request().method() === 'POST' ? fail(route) : route.continue(),
      );
      await other.open('sign-in');
      await waitFor('the failure', async () => {
        await other.page.clock.fastForward(2_000);
        return (await retries(other.page).count()) > 0;
      });
      expect(await overflowOf(other.page)).toBe(0);
      expect(await other.page.getByLabel('Access token').count()).toBe(1);
      await other.page.unroute('**/v1/desk/sign-in');
      await retries(other.page).click();
      await other.page.getByText('npm run -s desk').waitFor();

      await other.open(`sign-in#${await linkFor('1001')}`);
      await other.page.getByText(SERVICE_FAILS).waitFor();
      await other.page.unroute('**/v1/desk/session');
      await retries(other.page).click();
      await other.page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
      await other.close();
    });
  });
};
