import { describeInBrowser, PUBLIC_HOST } from '../support/browser.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { SwaggerPage } from './swagger-page.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const CALL_PLACED = { data: { callSid: expect.stringMatching(/^\d{32}$/) }, returnCode: 200, returnMsg: 'success' };

describeInBrowser('Swagger UI in a browser', (browser) => {
  it.each(['/docs', '/docs/'])('loads %s without errors, and only from the service', async (path) => {
    const origin = `http://${PUBLIC_HOST}:${new URL(service.url).port}`;

    const page = await SwaggerPage.open(browser(), `${origin}${path}`);
    await page.unfold('callUser');
    await page.close();

    const foreign = page.requests.filter(({ url }) => url.origin !== origin && url.protocol !== 'data:');
    expect(foreign).toEqual([]);
    expect(page.faults).toEqual([]);
    expect(page.requests.map(({ url }) => url.pathname)).toEqual(
      expect.arrayContaining(['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/docs/swagger-ui-init.js']),
    );
  });

  describe('in use', () => {
    let page: SwaggerPage;

    beforeAll(async () => {
      page = await SwaggerPage.open(browser(), `${service.url}/docs`);
    });
    afterAll(() => page.close());

    it('places a call with a token in the query box', async () => {
      const token = await service.token('1001');
      await page.authorize({ access_token: token });

      const reply = await page.execute('callUser', { targetId: '2013' });

      expect(reply).toEqual({ status: '200', body: CALL_PLACED });
      expect(page.lastCall()?.url.searchParams.getAll('access_token')).toEqual([token]);
      expect(page.lastCall()?.authorization).toBeUndefined();
    });

    it('places a call with a token in the bearer box, and reads its state', async () => {
      const token = await service.token('1004');
      await page.authorize({ bearer: token });

      const placed = await page.execute('callUser', { targetId: '2013' });
      const { callSid } = (placed.body as { data: { callSid: string } }).data;
      const state = await page.execute('getCallState', { callSid });

      expect(placed).toEqual({ status: '200', body: CALL_PLACED });
      expect(state).toEqual({
        status: '200',
        body: { data: { stateType: expect.stringMatching(/^[123]$/) }, returnCode: 200, returnMsg: 'success' },
      });
      expect(page.lastCall()?.authorization).toBe(`Bearer ${token}`);
      expect(page.lastCall()?.url.search).toBe('');
    });

    it('executes admin operations with the examples in the forms', async () => {
      await page.authorize({ bearer: await service.token('1001', 'admin') });

      const user = await page.execute('getUser');
      const users = await page.execute('listUsers');

      expect(user).toMatchObject({ status: '200', body: { id: '1001' } });
      expect(users).toMatchObject({ status: '200', body: { items: expect.arrayContaining([user.body]) } });
    });

    it('gets 401 with tokens in both boxes, as documented', async () => {
      const token = await service.token('1001');
      await page.authorize({ access_token: token, bearer: token });

      const reply = await page.execute('callUser', { targetId: '2000' });

      expect(reply).toEqual({
        status: '401',
        body: { returnCode: 401, returnMsg: 'A valid access token is required.' },
      });
    });

    it('stores no token, and removes a token that an earlier version stored', async () => {
      await page.authorize({ bearer: await service.token('1001', 'admin') });
      const keptAfterUse = await page.kept();
      await page.keep('authorized', '{"bearer":{"value":"a token"}}');
      await page.reload();

      expect([keptAfterUse, await page.kept()]).toEqual([[], []]);
      expect(await page.execute('getUser')).toMatchObject({ status: '401' });
    });

    it('has no form for webhooks, because they need a signature', async () => {
      const webhook = await page.unfold('receiveWebhook');
      const health = await page.unfold('isLive');

      expect(await webhook.getByRole('button', { name: 'Try it out' }).count()).toBe(0);
      expect(await health.getByRole('button', { name: 'Try it out' }).count()).toBe(1);
    });
  });
});
