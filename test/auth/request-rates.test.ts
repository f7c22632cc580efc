/** How often a user asks for states and cancels: refused beyond a rate, whoever answers, and nobody else is. */
import { storeCall } from '../support/stored-call.js';
import { backend, newPhone } from '../support/backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const TOO_FREQUENT = '{"returnCode":429,"returnMsg":"呼叫过于频繁,请稍后再试!"}';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({
    environment: { POLLS_PER_USER: '4/1h', CANCELS_PER_USER: '2/1m,3/1d', CORS_ORIGINS: 'https://app.example.com' },
  });
});
afterAll(() => service.close());

let nextUser = 61_000;

const ask = async (userId: string, path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${service.url}/v1/app/${path}`, {
    headers: { authorization: `Bearer ${await service.token(userId)}`, ...headers },
  });
  return { status: response.status, headers: response.headers, body: await response.text() };
};

const times = async <T>(count: number, work: () => Promise<T>): Promise<T[]> => {
  const results: T[] = [];
  while (results.length < count) results.push(await work());
  return results;
};

const newCall = async () => {
  const callerId = String(nextUser++);
  return { callerId, callSid: (await storeCall(service.database, { callerId })).callSid };
};

it('refuses the polls of a user beyond the rate, from the cache and from the controller, long ones too', async () => {
  const { callerId, callSid } = await newCall();
  const answers = await times(3, () => ask(callerId, `callState/${callSid}`));
  answers.push(await ask(callerId, `callState/${callSid}?after=0&wait=1`));

  const refused = [
    await ask(callerId, `callState/${callSid}`),
    await ask(callerId, `callState/${callSid}?after=0&wait=1`),
    await ask(callerId, `callState/${callSid}/stream`),
    await ask(callerId, 'callState/none'),
  ];

  expect(answers.map(({ body }) => body.includes('"returnCode":200'))).toEqual([true, true, true, true]);
  for (const { status, headers, body } of refused) {
    expect([status, body, headers.get('x-ringback-error')]).toEqual([429, TOO_FREQUENT, 'TOO_FREQUENT']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(800);
    expect(headers.get('ratelimit-policy')).toBe('"polls-3600s";q=4;w=3600');
    expect(headers.get('ratelimit')).toBe(`"polls-3600s";r=0;t=${String(headers.get('retry-after'))}`);
  }
  const other = await newCall();
  expect(await ask(other.callerId, `callState/${other.callSid}`)).toMatchObject({ status: 200 });
});

it('counts the streams that a user opens as polls', async () => {
  const { callerId, callSid } = await newCall();
  const token = await service.token(callerId);
  const opened = await times(4, async () => {
    const response = await fetch(`${service.url}/v1/app/callState/${callSid}/stream?access_token=${token}`);
    await response.body?.cancel();
    return response.status;
  });

  expect(opened).toEqual([200, 200, 200, 200]);
  expect(await ask(callerId, `callState/${callSid}`)).toMatchObject({ status: 429 });
});

it('refuses the cancels of a user apart from the polls, and names the rate that is spent', async () => {
  const { callerId } = await newCall();
  await times(5, () => ask(callerId, 'callState/none'));
  const cancels = await times(3, () => ask(callerId, 'callCancel/none', { origin: 'https://app.example.com' }));

  expect(cancels.map(({ status }) => status)).toEqual([200, 200, 429]);
  const { headers, body } = cancels[2]!;
  expect(body).toBe(TOO_FREQUENT);
  expect(headers.get('ratelimit-policy')).toBe('"cancels-60s";q=2;w=60, "cancels-86400s";q=3;w=86400');
  expect(headers.get('ratelimit')).toMatch(/^"cancels-60s";r=0;t=(?:30|29)$/);
  expect(headers.get('access-control-expose-headers')).toContain('ratelimit, ratelimit-policy');
});

it('counts what a backend asks of each of its calls, which may be many', async () => {
  const { ask: order, place } = backend(service);
  const calls = await times(3, async () => {
    const { body } = await place({ caller: { phone: newPhone() }, callee: { phone: newPhone('13') } });
    return String(body.callSid);
  });
  const polls = await Promise.all(calls.map((callSid) => times(4, () => order('GET', `/${callSid}`))));
  expect(polls.flat().map(({ status }) => status)).toEqual(Array(12).fill(200));

  const events = await order('GET', `/${calls[0]!}/events?afterNumber=0`);
  const cancels = await times(3, () => order('POST', `/${calls[1]!}/cancel`, {}));

  expect(events).toMatchObject({ status: 429, body: { code: 'REQUESTS_TOO_FREQUENT', status: 429 } });
  expect(events.headers.get('ratelimit')).toMatch(/^"polls-3600s";r=0;t=\d+$/);
  expect(cancels.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect(await order('POST', `/${calls[2]!}/cancel`, {})).not.toMatchObject({ status: 429 });
});
