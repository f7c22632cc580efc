/** Desks that read slowly, or not at all. Real HTTP, without the rest of the service. */
import { fastify, type FastifyInstance } from 'fastify';
import { DeskView } from '../../src/admin/live-calls/desk-view.js';
import { sendLiveCalls } from '../../src/admin/live-calls/send-live-calls.js';
import { TooSlow, type LiveItem } from '../../src/call/live/live-calls.service.js';
import type { ShownCall } from '../../src/call/search/call-view.js';
import { openStream } from '../support/event-stream.js';
import { waitFor } from '../support/wait-for.js';

let server: FastifyInstance;
let stop: AbortController;
let expiresAt: number;
let items: () => AsyncGenerator<LiveItem, void, void>;
let outcome: string | undefined;
let taken: number;

const call = { callSid: '1'.repeat(32), recording: 'x'.repeat(100_000) } as unknown as ShownCall;

beforeEach(async () => {
  stop = new AbortController();
  expiresAt = Infinity;
  outcome = undefined;
  taken = 0;
  server = fastify();
  server.get('/', async (_request, reply) => {
    reply.raw.once('close', () => {
      stop.abort();
    });
    const end = (): void => {
      stop.abort();
    };
    await sendLiveCalls(reply, new DeskView({ isMasked: false, condition: null, isResumed: false }), items(), {
      stop: stop.signal,
      end,
      expiresAt,
    });
    outcome = 'ended';
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  jest.useRealTimers();
  server.server.closeAllConnections();
  await server.close();
});

const open = async () => openStream(`http://127.0.0.1:${(server.server.address() as { port: number }).port}/`);

const untilStop = (): Promise<void> =>
  new Promise((resolve) => {
    stop.signal.addEventListener('abort', () => resolve());
  });

/** Without an end. */
async function* manyCalls(): AsyncGenerator<LiveItem, void, void> {
  while (!stop.signal.aborted) {
    taken++;
    yield { kind: 'calls', calls: [call] };
  }
}

async function* nothing(): AsyncGenerator<LiveItem, void, void> {
  yield { kind: 'calls', calls: [] };
  await untilStop();
}

/** Timers of the stream only. */
const fakeIntervals = (): void => {
  jest.useFakeTimers({ doNotFake: ['setTimeout', 'performance'] });
};

it('takes no more than its reader reads, and cuts one that reads nothing from one heartbeat to the next', async () => {
  fakeIntervals();
  items = manyCalls;
  const stream = await open();
  stream.response.pause();
  let before = -1;
  await waitFor('the stream to wait for its reader', async () => {
    const same = taken === before;
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return same && taken > 0;
  });

  jest.advanceTimersByTime(15_000);
  expect(outcome).toBeUndefined();
  jest.advanceTimersByTime(15_000);

  await waitFor('the stream to be cut', () => outcome === 'ended');
  stream.response.resume();
  await expect(stream.ended).rejects.toThrow('aborted');
});

it('a reader that is slow, and reads, is not cut by heartbeats', async () => {
  fakeIntervals();
  items = manyCalls;
  const stream = await open();

  for (let beat = 0; beat < 5; beat++) {
    const before = taken;
    jest.advanceTimersByTime(15_000);
    await waitFor('more to be sent', () => taken > before + 5);
  }

  expect(outcome).toBeUndefined();
  stop.abort();
  await stream.ended;
});

it('is cut if changes come faster than it reads', async () => {
  items = async function* () {
    yield* nothingMore();
    throw new TooSlow('the desk reads too slowly');
  };
  const stream = await open();

  await expect(stream.ended).rejects.toThrow('aborted');
  await waitFor('the end', () => outcome === 'ended');
});

async function* nothingMore(): AsyncGenerator<LiveItem, void, void> {
  yield await Promise.resolve<LiveItem>({ kind: 'calls', calls: [call] });
}

it('sends a comment every fifteen seconds, and ends at the first one after its token has expired', async () => {
  fakeIntervals();
  items = nothing;
  expiresAt = Date.now() + 20_000;
  const stream = await open();

  jest.advanceTimersByTime(15_000);
  await waitFor('a comment', () => stream.text() === ':\n\n');
  jest.advanceTimersByTime(15_000);

  await stream.ended;
});

it('answers with an error, and no stream, if the first read fails', async () => {
  items = async function* () {
    yield await Promise.reject(new Error('the database is away'));
  };

  const { response } = await open();

  expect(response.statusCode).toBe(500);
});
