/** The log has the reason of failures between the service and clients, providers and endpoints, at the right level. */
import type { ServerResponse } from 'node:http';
import { ProviderRegistry } from '../../src/telephony/provider-registry.js';
import { collectedLog } from '../support/collected-log.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint, retryNow } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

const NO_FUNDS = '111142';
const REFUSED = '111128';

const INFO = 30;
const WARN = 40;

const SETTINGS = { LOG_LEVEL: 'info', WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8', SWEEP_EVERY: '3600' };

let telephony: TwoProviders;
let receiver: WebhookReceiver;
const log = collectedLog();

beforeAll(async () => {
  receiver = await startWebhookReceiver();
  telephony = await startTwoProviders(SETTINGS, undefined, log.stream);
});
afterEach(() => {
  telephony.yuntongxun.replyInstead = null;
});
afterAll(async () => {
  await telephony.close();
  await receiver.close();
});

const lines = (msg: string, of = log) => of.lines().filter((line) => line.msg === msg);
const refusesWith = (code: string, text: string) => {
  telephony.yuntongxun.replyInstead = (_: unknown, response: ServerResponse) =>
    response.writeHead(200).end(JSON.stringify({ statusCode: code, statusMsg: text }));
};

describe('a dial that the provider refuses', () => {
  it('is logged as a warning with its code and text, without the number', async () => {
    const caller = await telephony.user('yuntongxun');
    refusesWith(REFUSED, '【账号】被叫号码 13900001001 不合法');

    const isOfThis = ({ refusal }: Record<string, unknown>) => (refusal as { code: string }).code === REFUSED;

    await telephony.service.ask(caller, 'call/2000');

    const refusals = await waitFor('the line', () => {
      const found = lines('the provider refused a dial').filter(isOfThis);
      return found.length > 0 && found;
    });
    expect(refusals).toMatchObject([
      {
        level: WARN,
        provider: 'yuntongxun',
        callSid: expect.any(String) as unknown,
        requestId: expect.any(String) as unknown,
        refusal: { category: 'forbidden', code: REFUSED, text: '【账号】被叫号码 139****1001 不合法' },
      },
    ]);
    expect(log.text()).not.toContain('13900001001');
  });

  it('is logged as a warning too when another provider carries the call', async () => {
    const caller = await telephony.user('yuntongxun', 'twilio');
    refusesWith(NO_FUNDS, '余额不足');

    const { data } = await telephony.service.ask(caller, 'call/2000');

    const warnings = () => log.lines().filter(({ callSid, level }) => callSid === data!.callSid && level === WARN);
    await waitFor('the line', () => warnings().length > 0);
    expect(warnings()).toMatchObject([{ provider: 'yuntongxun', refusal: { category: 'no_funds', code: NO_FUNDS } }]);
  });
});

describe('a request that is refused', () => {
  const lineOf = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const response = await fetch(telephony.service.url + path, { method, headers });
    const id = response.headers.get('x-request-id');
    return waitFor('the line', () => lines('request').find(({ requestId }) => requestId === id));
  };

  it('for its token is logged at level info with the reason', async () => {
    const token = await telephony.service.token('1001');
    const forged = `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(43)}`;

    const line = await lineOf('/v1/app/callService', { authorization: `Bearer ${forged}` });

    expect(line).toMatchObject({ level: INFO, status: 401, error: 'UNAUTHENTICATED', reason: 'invalid signature' });
  });

  it('for a claim of its token is logged with the reason', async () => {
    const line = await lineOf('/v1/app/callService', {
      authorization: `Bearer ${await telephony.service.token('0')}`,
    });

    expect(line).toMatchObject({
      level: INFO,
      status: 401,
      reason: 'The claim sub must be a user id, as a string of digits, or an externalId.',
    });
  });

  it('for a webhook’s signature is logged with the reason', async () => {
    const line = await lineOf('/v1/webhooks/twilio', {}, 'POST');

    expect(line).toMatchObject({ level: INFO, status: 401, reason: expect.stringMatching(/./) as unknown });
  });
});

it('a webhook endpoint that begins to fail is logged as one warning, and as one line when it accepts again', async () => {
  const { id } = await registerEndpoint(telephony.service, { url: receiver.url });
  const stateLines = () => log.lines().filter(({ endpointId, msg }) => endpointId === id && msg !== 'webhook attempt');
  const attempts = () => lines('webhook attempt').filter(({ endpointId }) => endpointId === id);
  receiver.replyWith(() => 503);
  const caller = await telephony.user('twilio');
  await telephony.service.ask(caller, 'call/2000');
  for (let attempt = 1; attempt <= 3; attempt++) {
    await waitFor('an attempt', () => attempts().length >= attempt);
    await waitFor('the next one to be due', async () => {
      await retryNow(telephony.service.database);
      return attempts().length > attempt;
    });
  }

  receiver.replyWith(() => 204);
  await waitFor('a delivery', async () => {
    await retryNow(telephony.service.database);
    return stateLines().length > 1;
  });

  expect(stateLines()).toMatchObject([
    {
      level: WARN,
      status: 503,
      error: 'It answered 503.',
      msg: 'a webhook endpoint fails; deliveries to it are retried',
    },
    { level: INFO, msg: 'a webhook endpoint accepts again' },
  ]);
});

it('a provider that cannot be reached is logged as a warning with the cause', async () => {
  const ownLog = collectedLog();
  // Of its own, because its Twilio is gone for good.
  const own = await startTwoProviders(SETTINGS, undefined, ownLog.stream);
  try {
    const twilio = own.service.app.nest.get(ProviderRegistry).named('twilio')!;
    await own.twilio.close();

    expect([await twilio.isReachable(), await twilio.isReachable()]).toEqual([false, false]);

    // A kept-alive connection breaks, or a new one is refused.
    expect(lines('provider unreachable', ownLog)).toMatchObject([
      { level: WARN, provider: 'twilio', error: { message: expect.stringMatching(/closed|ECONN/) as unknown } },
    ]);
  } finally {
    await own.close();
  }
});
