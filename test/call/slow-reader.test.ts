/** A stream with a slow reader, or without changes. Real HTTP, without the rest of the service. */
import { fastify, type FastifyInstance } from 'fastify';
import type { FeedItem } from '../../src/call/updates/change-subscriptions.js';
import { sendEvents } from '../../src/call/updates/event-stream.js';
import { openStream } from '../support/event-stream.js';
import { waitFor } from '../support/wait-for.js';

const item = (number: number, stateType: string): FeedItem => {
  const data = {
    callSid: '1'.repeat(32),
    number,
    stateType,
    endReason: null,
    occurredAt: '2026-01-01T00:00:00.000Z',
    callerId: '1001',
    calleeId: '2000',
    serviceLineId: null,
  };
  const change = { type: 'call.amended' as const, timestamp: '2026-01-01T00:00:00.000Z', data };
  return { change, bytes: JSON.stringify(change) };
};

let server: FastifyInstance;
let listener: ((item: FeedItem) => void) | undefined;
let buffered: () => number;
let stop: AbortController;

beforeEach(async () => {
  stop = new AbortController();
  server = fastify();
  server.get('/', (_request, reply) => {
    buffered = () => reply.raw.writableLength;
    const subscribe = (one: (item: FeedItem) => void) => {
      listener = one;
      return () => (listener = undefined);
    };
    sendEvents(reply, { isToldCompletely: false, subscribe }, [stop.signal], Infinity);
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  jest.useRealTimers();
  server.server.closeAllConnections();
  await server.close();
});

const open = async () => openStream(`http://127.0.0.1:${(server.server.address() as { port: number }).port}/`);

describe('a stream', () => {
  it('is closed when its reader does not read, instead of buffering without limit', async () => {
    const stream = await open();
    stream.response.pause();
    let most = 0;
    let sent = 0;

    // The operating system's own buffers, some megabytes, do not count.
    await waitFor('the end of the subscription', () => {
      for (let i = 0; i < 1_000; i++) listener?.(item(++sent, '2'));
      most = Math.max(most, buffered());
      return listener === undefined;
    });

    expect(most).toBeLessThan(32 * 1024);
    stream.response.resume();
    await expect(stream.ended).rejects.toThrow('aborted');
  });

  it('sends a comment every fifteen seconds, so that no proxy closes it as idle', async () => {
    jest.useFakeTimers({ doNotFake: ['setTimeout'] });
    const stream = await open();
    expect(stream.text()).toBe('');

    jest.advanceTimersByTime(15_000);
    await waitFor('a comment', () => stream.text() === ':\n\n');
    jest.advanceTimersByTime(30_000);
    await waitFor('two more', () => stream.text() === ':\n\n'.repeat(3));

    expect(stream.events).toEqual([]);
  });

  it('ends after the last state, and removes its subscription', async () => {
    const stream = await open();

    listener?.(item(1, '4'));
    await stream.ended;

    await waitFor('the end of the subscription', () => listener === undefined);
  });

  it('ends when the process drains', async () => {
    const stream = await open();

    stop.abort();

    await stream.ended;
  });

  it('removes its subscription when its reader disconnects', async () => {
    const stream = await open();

    stream.close();

    await waitFor('the end of the subscription', () => listener === undefined);
  });
});
