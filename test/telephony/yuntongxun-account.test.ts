/** Requests to Yuntongxun that are not about calls: readiness and sub-accounts. */
import type { YuntongxunProvider } from '../../src/telephony/yuntongxun/yuntongxun.provider.js';
import { callbackRequest, replyTimeout, providerFor } from '../support/yuntongxun-provider.js';
import { YUNTONGXUN_MISBEHAVIOURS } from '../support/yuntongxun-misbehaviours.js';
import { startYuntongxunServer, type YuntongxunServer } from '../support/yuntongxun-server.js';

let server: YuntongxunServer;
let provider: YuntongxunProvider;

beforeEach(async () => {
  server = await startYuntongxunServer();
  provider = providerFor(server);
});
afterEach(async () => {
  await provider.close();
  await server.close();
});

/** Replaces the default provider. */
const providerWith = async (options: Parameters<typeof providerFor>[1]): Promise<void> => {
  await provider.close();
  provider = providerFor(server, options);
};

describe.each(['json', 'xml'] as const)('in %s', (format) => {
  beforeEach(() => providerWith({ format }));

  it('a sub-account is created once per name, and can dial', async () => {
    const [first, again] = [await provider.createSubAccount('user42'), await provider.createSubAccount('user42')];

    expect(first).toEqual({ externalId: expect.stringMatching(/^\w{32}$/), secret: expect.stringMatching(/^\w{32}$/) });
    expect(again).toEqual(first);
    expect(await provider.dial(callbackRequest(server, '13', { subAccount: first }), replyTimeout())).toMatchObject({
      kind: 'accepted',
    });
    expect(server.complaints).toEqual([]);
  });

  it('checkReachable succeeds when Yuntongxun replies for the main account', async () => {
    await expect(provider.checkReachable()).resolves.toBeUndefined();
    expect(server.complaints).toEqual([]);
  });
});

describe('readiness', () => {
  it.each(
    YUNTONGXUN_MISBEHAVIOURS.filter(([name]) => !/silent|says nothing|no id|id that is none|id as a number/.test(name)),
  )('fails when Yuntongxun %s', async (_, misbehave) => {
    server.replyInstead = (__, response) => {
      misbehave(response);
    };

    await expect(provider.checkReachable()).rejects.toThrow();
  });

  it('fails when the account’s token is wrong', async () => {
    await providerWith({ authToken: 'wrong' });

    await expect(provider.checkReachable()).rejects.toThrow(/Yuntongxun answered \d+/);
  });

  it('waits two seconds at most', async () => {
    server.replyInstead = () => undefined;
    const began = performance.now();

    await expect(provider.checkReachable()).rejects.toThrow();

    expect(performance.now() - began).toBeLessThan(4_000);
  });
});

describe('a sub-account', () => {
  it.each(['', 'a b', '用户', 'x'.repeat(65)])('is not created under the name %j', async (name) => {
    await expect(provider.createSubAccount(name)).rejects.toThrow('characters');

    expect(server.requests).toEqual([]);
  });

  it('that cannot be created is an error with the reason', async () => {
    await providerWith({ appId: 'wrong' });

    await expect(provider.createSubAccount('user42')).rejects.toThrow('111181');
  });

  it('that can be neither created nor found is an error with the reason of the first request', async () => {
    server.replyInstead = (request, response) =>
      response.end(request.url!.includes('Query') ? '{"statusCode":"000000"}' : '{"statusCode":"111142"}');

    await expect(provider.createSubAccount('user42')).rejects.toThrow('111142');
  });
});

it.each([
  ['a webhook token that can be guessed', { webhookToken: 'short' }],
  ['a webhook token with a slash', { webhookToken: 'x/'.repeat(20) }],
  ['an account sid that is a path', { accountSid: '../x' }],
])('a provider cannot be created with %s', (_, options) => {
  expect(() => providerFor(server, options)).toThrow('expected');
});
