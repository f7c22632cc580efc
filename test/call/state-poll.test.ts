/** A state poll is answered from memory where it can be; nobody must be able to tell, but by the time it takes. */
import { PassThrough } from 'node:stream';
import { issueToken } from '../../src/auth/token-issuer.js';
import { StateCache } from '../../src/call/updates/state-cache.js';
import { storeCall, tellOf, type StoredCall } from '../support/stored-call.js';
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

/** What was in memory for the request before it is in memory for this one. */
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
  it.each([1, 2, 3, 4])('of a call in state %d is answered alike from memory and by the controller', async (state) => {
    const events = ['ringing', 'answered', 'ended'] as const;
    for (const type of events.slice(0, state - 1)) {
      await tellOf(service.database, call.callSid, { type, ...(type === 'ended' && { endReason: 'completed' }) });
    }
    await waitFor('the state', async () => (await poll(`access_token=${token}`)).body.includes(`"${state}"`));

    const byController = await withFrameworkOnly(() => poll(`access_token=${token}`));

    expect(byController.body).toBe(`{"data":{"stateType":"${state}"},"returnCode":200,"returnMsg":"success"}`);
    expect(await twice(`access_token=${token}`)).toEqual([byController, byController]);
    expect(await twice('', call.callSid, { authorization: `Bearer ${token}` })).toEqual([byController, byController]);
    expect(await twice(`access_token=${token}&unheard-of=1`)).toEqual([byController, byController]);
  });

  it('shows a change at once', async () => {
    await twice(`access_token=${token}`);
    await tellOf(service.database, call.callSid, { type: 'answered' });

    await waitFor('the state', async () => (await poll(`access_token=${token}`)).body.includes('"stateType":"3"'), 500);
  });

  it('of another user’s call is refused, in memory or not', async () => {
    await twice(`access_token=${token}`);
    const stranger = await service.token('1001');

    for (const { status, body } of await twice(`access_token=${stranger}`)) {
      expect([status, body]).toEqual([200, '{"returnCode":400,"returnMsg":"用户信息有误!"}']);
    }
  });

  it('with two tokens, none, or a broken one is refused, whatever is in memory', async () => {
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

  it('with a token that has expired meanwhile is refused in that very second', async () => {
    const shortLived = await issueToken(TEST_SECRET, { userId: call.callerId, lifetimeSeconds: 2 });
    const expiresAt = (JSON.parse(atob(shortLived.split('.')[1] ?? '')) as { exp: number }).exp * 1_000;
    for (const { body } of await twice(`access_token=${shortLived}`)) expect(body).toContain('"returnCode":200');

    await waitFor('the expiry', () => Date.now() >= expiresAt);

    for (const { body } of await twice(`access_token=${shortLived}`)) expect(body).toContain('"returnCode":401');
  });

  it('that asks for more is not cut short', async () => {
    await twice(`access_token=${token}`);

    const [long] = await twice(`access_token=${token}&after=0&wait=1`);
    const [malformed] = await twice(`access_token=${token}&wait=soon`);

    expect(long?.body).toContain('"changes":[{');
    expect(malformed?.body).toContain('"returnCode":400');
  });

  it('is logged for who wants to see everything, with its callSid; a refused one is news', async () => {
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
