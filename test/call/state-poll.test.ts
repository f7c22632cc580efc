/** A state poll is answered from the cache when possible. The response is the same without the cache. */
import { PassThrough } from 'node:stream';
import { issueToken } from '../../src/auth/token-issuer.js';
import { StateCache } from '../../src/call/updates/state-cache.js';
import { storeCall, applyEvent, applyStep, type StoredCall } from '../support/stored-call.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
let call: StoredCall;
let token: string;
let log = '';

beforeAll(async () => {
  const logTo = new PassThrough();
  logTo.on('data', (chunk: Buffer) => (log += chunk.toString()));
  service = await startTestApp({ environment: { LOG_LEVEL: 'debug', JWT_LEEWAY: '0' }, logTo });
});
afterAll(() => service.close());
beforeEach(async () => {
  call = await storeCall(service.database);
  token = await service.token(call.callerId);
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const poll = async (query: string, callSid = call.callSid, headers: Record<string, string> = {}): Promise<Answer> => {
  const response = await fetch(`${service.url}/v1/app/callState/${callSid}?${query}`, { headers });
  const { date, 'x-request-id': id, ...others } = Object.fromEntries(response.headers);
  expect([date, id]).toEqual([expect.any(String), expect.any(String)]);
  return { status: response.status, headers: others, body: await response.text() };
};

/** Two equal polls: the first fills the cache, the second reads it. */
const twice = async (query: string, callSid?: string, headers?: Record<string, string>): Promise<Answer[]> => [
  await poll(query, callSid, headers),
  await poll(query, callSid, headers),
];

const withFrameworkOnly = async (ask: () => Promise<Answer>): Promise<Answer> => {
  const get = jest.spyOn(service.app.nest.get(StateCache), 'get').mockReturnValue(undefined);
  try {
    return await ask();
  } finally {
    expect(get).toHaveBeenCalled();
    get.mockRestore();
  }
};

describe('a state poll', () => {
  it.each([1, 2, 3, 4])(
    'of a call in state %d gets the same answer from the cache and from the controller',
    async (state) => {
      const events = ['ringing', 'answered', 'ended'] as const;
      for (const type of events.slice(0, state - 1)) {
        await applyStep(service.database, call.callSid, type);
      }
      await waitFor('the state', async () => (await poll(`access_token=${token}`)).body.includes(`"${state}"`));

      const byController = await withFrameworkOnly(() => poll(`access_token=${token}`));

      expect(byController.body).toBe(`{"data":{"stateType":"${state}"},"returnCode":200,"returnMsg":"success"}`);
      expect(await twice(`access_token=${token}`)).toEqual([byController, byController]);
      expect(await twice('', call.callSid, { authorization: `Bearer ${token}` })).toEqual([byController, byController]);
      expect(await twice(`access_token=${token}&unheard-of=1`)).toEqual([byController, byController]);
    },
  );

  it('shows a change at once', async () => {
    await twice(`access_token=${token}`);
    await applyEvent(service.database, call.callSid, { type: 'answered' });

    await waitFor('the state', async () => (await poll(`access_token=${token}`)).body.includes('"stateType":"3"'), 500);
  });

  it('of another user’s call is refused, cached or not', async () => {
    await twice(`access_token=${token}`);
    const otherUser = await service.token('1001');

    for (const { status, body } of await twice(`access_token=${otherUser}`)) {
      expect([status, body]).toEqual([200, '{"returnCode":400,"returnMsg":"用户信息有误!"}']);
    }
  });

  it('with two tokens, no token or a broken token is refused, also when the state is cached', async () => {
    await twice(`access_token=${token}`);
    const bearer = { authorization: `Bearer ${token}` };

    const refused = [
      ...(await twice(`access_token=${token}`, call.callSid, bearer)),
      ...(await twice(`access_token=${token}&access_token=${token}`)),
      ...(await twice('')),
      ...(await twice(`access_token=${token.slice(0, -2)}`)),
    ];

    expect(refused.map(({ body }) => (JSON.parse(body) as { returnCode: number }).returnCode)).toEqual(
      refused.map(() => 401),
    );
  });

  it('with a token is refused from the second in which the token expires', async () => {
    const shortLived = await issueToken(TEST_SECRET, { userId: call.callerId, lifetimeSeconds: 2 });
    const expiresAt = (JSON.parse(atob(shortLived.split('.')[1] ?? '')) as { exp: number }).exp * 1_000;
    for (const { body } of await twice(`access_token=${shortLived}`)) expect(body).toContain('"returnCode":200');

    await waitFor('the expiry', () => Date.now() >= expiresAt);

    for (const { body } of await twice(`access_token=${shortLived}`)) expect(body).toContain('"returnCode":401');
  });

  it('with long-poll parameters is not answered from the cache', async () => {
    await twice(`access_token=${token}`);

    const [long] = await twice(`access_token=${token}&after=0&wait=1`);
    const [malformed] = await twice(`access_token=${token}&wait=soon`);

    expect(long?.body).toContain('"changes":[{');
    expect(malformed?.body).toContain('"returnCode":400');
  });

  it('is logged at level debug with its callSid; a refused poll is logged at level info', async () => {
    await twice(`access_token=${token}`);
    await poll(`access_token=${await service.token('1001')}`);
    const lines = () =>
      log
        .split('\n')
        .filter((line) => line.includes(`/v1/app/callState/${call.callSid}`))
        .map((line) => JSON.parse(line) as { level: number; callSid: string; error?: string });

    await waitFor('three lines', () => lines().length === 3);

    expect(lines()).toEqual([
      expect.objectContaining({ level: 20, callSid: call.callSid }),
      expect.objectContaining({ level: 20, callSid: call.callSid }),
      expect.objectContaining({ level: 30, callSid: call.callSid, error: 'NOT_YOUR_CALL' }),
    ]);
  });
});
