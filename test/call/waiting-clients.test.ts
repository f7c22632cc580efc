/** The limits of concurrent streams and long polls, per user and per process. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { ChangeFeed } from '../../src/call/updates/change-feed.js';
import { WAITING_AT_ONCE } from '../../src/call/updates/waiting-clients.js';
import { openStream, type OpenStream } from '../support/event-stream.js';
import { storeCall, type StoredCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const TOO_MANY = { returnCode: 429, returnMsg: '呼叫过于频繁,请稍后再试!' };
const NO_MORE = { returnCode: 503, returnMsg: 'Not available at the moment; please try again.' };

/** The limit of the process. */
const MOST = WAITING_AT_ONCE + 5;

let service: TestApp;
let streams: OpenStream[];

beforeAll(async () => {
  service = await startTestApp({ environment: { STREAMS_AT_ONCE: String(MOST) } });
});
beforeEach(() => {
  streams = [];
});
afterEach(async () => {
  for (const stream of streams) stream.close();
  await waitFor('all to be disconnected', () => listeners() === 0);
});
afterAll(() => service.close());

const listeners = (): number => service.app.nest.get(ChangeFeed).listeners;
const urlOf = async ({ callSid, callerId }: StoredCall, what: string): Promise<string> =>
  `${service.url}/v1/app/callState/${callSid}${what}access_token=${await service.token(callerId)}`;
const open = async (call: StoredCall, count: number): Promise<void> => {
  const url = await urlOf(call, '/stream?');
  streams.push(...(await Promise.all(Array.from({ length: count }, () => openStream(url)))));
};
const answer = async (url: string) => {
  const response = await fetch(url);
  const { status, headers } = response;
  return { status, retryAfter: Number(headers.get('retry-after')) > 0, body: await response.json() };
};

it('a user may hold twenty streams and long polls together, without effect on another user', async () => {
  const call = await storeCall(service.database);
  await open(call, WAITING_AT_ONCE - 1);
  const poll = get(await urlOf(call, '?after=4&wait=60&'), { agent: false }).on('error', () => undefined);
  await waitFor('all to wait', () => listeners() === WAITING_AT_ONCE);

  for (const what of ['/stream?', '?after=4&wait=60&']) {
    expect(await answer(await urlOf(call, what))).toEqual({ status: 429, retryAfter: true, body: TOO_MANY });
  }
  // A plain poll holds nothing open.
  expect((await answer(await urlOf(call, '?'))).status).toBe(200);
  await open(await storeCall(service.database), 1);

  poll.destroy();
  await waitFor('the free slot', () => listeners() === WAITING_AT_ONCE);
  await open(call, 1);
});

it('a process holds as many as STREAMS_AT_ONCE, and a slot that becomes free can be used again', async () => {
  const calls = await Promise.all(Array.from({ length: MOST + 1 }, () => storeCall(service.database)));
  const refused = calls.pop()!;
  await Promise.all(calls.map((call) => open(call, 1)));

  for (const what of ['/stream?', '?after=4&wait=60&']) {
    expect(await answer(await urlOf(refused, what))).toEqual({ status: 503, retryAfter: true, body: NO_MORE });
  }
  streams.pop()!.close();
  await waitFor('the free slot', () => listeners() === MOST - 1);
  await open(refused, 1);
});

it('a request that fails or is answered at once uses no slot', async () => {
  const call = await storeCall(service.database);
  const foreign = { callSid: call.callSid, callerId: '1001' };

  for (let round = 0; round <= WAITING_AT_ONCE; round++) {
    const request = get(await urlOf(foreign, '/stream?'), { agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    expect(response.resume().headers['content-type']).toMatch('application/json');
    expect((await answer(await urlOf(call, '?after=4&wait=0&'))).status).toBe(200);
  }
});
