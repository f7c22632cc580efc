/** The pages of the webhooks: what an administrator does with an endpoint and its deliveries, and what the API then has. */
import type { Browser, Page } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { endedTestCall } from '../support/test-call.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import {
  chooseAt,
  confirmAt,
  focusOnPage,
  hasFocus,
  ON_A_PHONE,
  openDesk,
  overflowOf,
  pressAt,
  seriousFaults,
  typeInto,
  type DeskPage,
} from './desk-page.js';
import { FROM_DESK } from './desk-requests.js';

interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly eventTypes: readonly string[] | null;
  readonly enabled: boolean;
}

describeInBrowser('the pages of the webhooks', (browser: () => Browser) => {
  let service: TestApp;
  let receiver: WebhookReceiver;
  let desk: DeskPage;
  let page: Page;

  beforeAll(async () => {
    service = await startTestApp({ environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' } });
    desk = await openDesk(browser(), service);
    ({ page } = desk);
  });
  afterAll(async () => {
    await desk.close();
    await service.close();
  });
  beforeEach(async () => {
    await service.database.query('delete from webhook_endpoint');
    receiver = await startWebhookReceiver();
  });
  afterEach(async () => {
    // A page that stays open would ask for an endpoint that is gone.
    await page.goto('about:blank');
    await receiver.close();
    expect(desk.takeFaults()).toEqual([]);
  });

  const endpoints = async (): Promise<readonly Endpoint[]> =>
    ((await (await service.admin('GET', 'webhook-endpoints')).json()) as { items: Endpoint[] }).items;

  const button = (name: string) => page.getByRole('button', { name, exact: true });

  const confirm = (name: string, words?: string): Promise<void> => confirmAt(page, button(name), name, words);

  /** An endpoint that has accepted all changes of a call. */
  const deliveredCall = async (): Promise<{ id: string; callSid: string }> => {
    const { id } = await registerEndpoint(service, { url: receiver.url });
    const callSid = await endedTestCall(service);
    await waitFor('four deliveries', () => receiver.accepted(callSid).length === 4);
    return { id, callSid };
  };

  it('add an endpoint, show its secret once, and lead to it, by keyboard alone', async () => {
    const tick = (name: string | RegExp): Promise<void> => pressAt(page, page.getByRole('checkbox', { name }), 'Space');
    await desk.open('webhooks');
    await page.getByText('No endpoint is registered.').waitFor();

    await pressAt(page, button('Add an endpoint'));
    await typeInto(page, page.getByLabel('URL'), receiver.url);
    await tick('All types, also future ones');
    await page.getByText('Choose at least one type.').waitFor();
    await tick(/call\.answered/);
    await tick(/call\.over/);
    expect(await seriousFaults(page)).toEqual([]);
    await pressAt(page, button('Add'));

    const secret = await page.getByLabel('Secret', { exact: true }).inputValue();
    expect(secret).toMatch(/^whsec_[\w+/=]{40,}$/);
    expect(await seriousFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await pressAt(page, button('I have stored it'));
    await page.getByRole('heading', { level: 1, name: /^Endpoint \d+$/ }).waitFor();
    expect(await endpoints()).toMatchObject([
      { url: receiver.url, eventTypes: ['call.answered', 'call.over'], enabled: true },
    ]);
    await page.getByText('Answered', { exact: true }).waitFor();
    expect(await page.content()).not.toContain(secret);
  });

  it('replace the secret, and copy it to the clipboard, by keyboard alone', async () => {
    const { id } = await registerEndpoint(service, { url: receiver.url });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await desk.open(`webhooks/${id}`);

    await pressAt(page, button('New secret'));
    await pressAt(page, page.getByRole('alertdialog').getByRole('button', { name: 'New secret' }));

    const secret = await page.getByLabel('Secret', { exact: true }).inputValue();
    await page.getByText('The previous secret signs too until').waitFor();
    await pressAt(page, button('Copy'));
    await page.getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(secret);
    await pressAt(page, button('I have stored it'));
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await focusOnPage(page);
  });

  it('say at the field what is wrong with a URL', async () => {
    await desk.open('webhooks');

    await button('Add an endpoint').click();
    await page.getByLabel('URL').fill('https://10.0.0.5/hook');
    await button('Add').click();

    await page.getByText(/10\.0\.0\.5 is not a public address/).waitFor();
    expect(await endpoints()).toEqual([]);
    await button('Cancel').click();
    // The browser's own line for each 400.
    desk.takeFaults();
  });

  it('send a test, and show what was answered, by keyboard alone', async () => {
    const { id } = await registerEndpoint(service, { url: receiver.url });
    receiver.replyWith(() => ({ status: 401, body: 'the signature is wrong' }));
    await desk.open(`webhooks/${id}`);

    await pressAt(page, button('Send a test'));

    const answer = page.getByRole('region', { name: 'Test' });
    await answer.getByText('Not accepted: status 401').waitFor();
    await answer.getByText('the signature is wrong').waitFor();
    receiver.replyWith(() => 204);
    // The button still has the focus.
    await page.keyboard.press('Enter');
    await answer.getByText('Accepted: status 204').waitFor();
    expect(receiver.received.map(({ change }) => change.type)).toEqual(['webhook.test', 'webhook.test']);
  });

  it('change, disable, enable and remove an endpoint, each after a question, by keyboard alone', async () => {
    const { id } = await registerEndpoint(service, { url: receiver.url });
    await desk.open(`webhooks/${id}`);

    await pressAt(page, button('Change'));
    await typeInto(page, page.getByLabel('URL'), `${receiver.url}/other`);
    await pressAt(page, button('Save'));
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await waitFor('the focus to come back', () => hasFocus(page, button('Change')));
    expect(await endpoints()).toMatchObject([{ url: `${receiver.url}/other`, eventTypes: null }]);

    await confirm('Disable');
    await page.getByText('An administrator disabled it.').waitFor();
    await focusOnPage(page);
    expect(await endpoints()).toMatchObject([{ enabled: false }]);
    expect(await seriousFaults(page)).toEqual([]);

    await confirm('Enable');
    await page.getByText('Enabled', { exact: true }).waitFor();
    await focusOnPage(page);
    expect(await endpoints()).toMatchObject([{ enabled: true }]);

    await confirm('Remove', `${receiver.url}/other`);
    await page.getByText('No endpoint is registered.').waitFor();
    // Its page is gone.
    await focusOnPage(page);
    expect(await endpoints()).toEqual([]);
  });

  it('find a delivery by filters that the address keeps, and deliver it again, by keyboard alone', async () => {
    const { id, callSid } = await deliveredCall();
    const other = await endedTestCall(service);
    await waitFor('the other call’s deliveries', () => receiver.accepted(other).length === 4);
    await desk.open(`webhooks/${id}`);
    const list = page.getByRole('table', { name: 'Deliveries' });
    await list.waitFor();
    expect(await list.getByRole('row').count()).toBe(9);

    await typeInto(page, page.getByRole('textbox', { name: 'Call' }), callSid);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/webhooks/${id}?callSid=${callSid}`);
    await waitFor('the rows of the call', async () => (await list.getByRole('row').count()) === 5);
    await chooseAt(page, page.getByRole('search').getByRole('button', { name: /State/ }), 'Failed');
    await page.getByText('Nothing matches these filters.').waitFor();
    expect(new URL(page.url()).search).toBe(`?callSid=${callSid}&state=failed`);
    await page.goBack();
    await list.waitFor();

    await pressAt(page, list.getByRole('link', { name: '3: Answered' }));
    await page.getByRole('heading', { level: 1, name: 'Change 3: Answered' }).waitFor();
    await page.getByRole('table', { name: 'Attempts' }).getByText('204').waitFor();
    await confirm('Deliver again');

    await page.getByText('Deliveries under way: 1.').waitFor();
    const again = await waitFor('the change again', () => receiver.accepted(callSid)[4]);
    expect(again.id).toBe(`${callSid}-3`);
  });

  it('deliver all changes of a call again, by keyboard alone', async () => {
    const { id, callSid } = await deliveredCall();
    await desk.open(`webhooks/${id}/deliveries/${callSid}-1`);

    await confirmAt(page, button('Deliver all changes of the call again'), 'Deliver all again');

    await page.getByText('Deliveries under way: 4.').waitFor();
    await waitFor('all changes again', () => receiver.accepted(callSid).length === 8);
  });

  it('show each attempt of a delivery that fails', async () => {
    receiver.replyWith(() => ({ status: 503, body: '<b>overloaded</b>' }));
    const { id } = await registerEndpoint(service, { url: receiver.url });
    const callSid = await endedTestCall(service);
    await waitFor('an attempt', () => receiver.received.length > 0);
    await waitFor('the attempt in the API', async () =>
      (await (await service.admin('GET', `webhook-endpoints/${id}/deliveries`)).text()).includes('It answered 503.'),
    );

    await desk.open(`webhooks/${id}/deliveries/${callSid}-1`);

    const attempts = page.getByRole('table', { name: 'Attempts' });
    await attempts.getByText('It answered 503.').first().waitFor();
    await attempts.getByText('<b>overloaded</b>').first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);
  });

  it('say that there is no such endpoint or delivery', async () => {
    const { id } = await registerEndpoint(service, { url: receiver.url });

    await desk.open('webhooks/999999');
    await page.getByText('There is no endpoint 999999.').waitFor();
    await desk.open(`webhooks/${id}/deliveries/16090510160925480001030600243044-1`);
    await page.getByText('There is no such delivery.').waitFor();

    // The browser's own line for each 404.
    desk.takeFaults();
  });

  it('have no fault that axe finds serious in the dark, and fit on a phone', async () => {
    const { id, callSid } = await deliveredCall();
    const dark = await openDesk(browser(), service, { ...ON_A_PHONE, theme: 'dark', language: 'zh-CN' });
    for (const path of ['webhooks', `webhooks/${id}`, `webhooks/${id}/deliveries/${callSid}-2`]) {
      await dark.open(path);
      await dark.page.getByRole('table').first().waitFor();

      expect({ path, overflow: await overflowOf(dark.page) }).toEqual({ path, overflow: 0 });
      expect(await seriousFaults(dark.page)).toEqual([]);
    }
    expect(dark.faults).toEqual([]);
    await dark.close();
  });

  it('offer nothing that the session may not do', async () => {
    const { id } = await deliveredCall();
    const reader = await openDesk(browser(), service, { isSignedIn: false });
    await reader.open('sign-in');
    await reader.page.getByLabel('Access token').fill(await service.token('1001', 'admin:read'));
    await reader.page.getByRole('button', { name: 'Sign in' }).click();
    await reader.page.locator('.shell').waitFor();

    await reader.open(`webhooks/${id}`);

    await reader.page.getByRole('table', { name: 'Deliveries' }).waitFor();
    const names = await reader.page.locator('main').getByRole('button').allTextContents();
    expect(names.filter((name) => /test|Change|secret|able|Remove|again/.test(name))).toEqual([]);
    // The session itself is such, not its page alone.
    const order = await reader.page
      .context()
      .request.delete(`${service.url}/v1/admin/webhook-endpoints/${id}`, { headers: FROM_DESK });
    expect(order.status()).toBe(403);
    expect(reader.faults).toEqual([]);
    await reader.close();
  });
});
