/** Limits that count only the time in which this process can listen. */
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLimit, withinLimit } from '../../src/common/time-limit.js';
import { busyFor } from '../support/busy-for.js';

const LIMIT_MS = 200;

/** From now until it is over. */
const durationOf = (limitMs: number): Promise<number> => {
  const begin = performance.now();
  return new Promise((resolve) => {
    startLimit(limitMs, () => {
      resolve(performance.now() - begin);
    });
  });
};

describe('a time limit', () => {
  it('is over after its time, and not before', async () => {
    expect(await durationOf(LIMIT_MS)).toBeGreaterThanOrEqual(LIMIT_MS - 1);
  });

  it('is never over once it has been ended', async () => {
    const onOver = jest.fn();
    const end = startLimit(LIMIT_MS, onOver);

    end();
    await durationOf(2 * LIMIT_MS);

    expect(onOver).not.toHaveBeenCalled();
  });

  it.each([
    ['begins with', 0],
    ['ends with', LIMIT_MS * 0.9],
  ])('does not count a busy time that it %s', async (_, freeMs) => {
    const duration = durationOf(LIMIT_MS);
    await sleep(freeMs);
    busyFor(5 * LIMIT_MS);

    // All but one of its parts, which the busy time may use up, and what had passed before.
    expect(await duration).toBeGreaterThan(5 * LIMIT_MS + (LIMIT_MS - freeMs) / 2);
  });

  it('lets a process that is busy without an end come to its end', async () => {
    let rounds = 0;
    const busy = setInterval(() => {
      rounds += 1;
      busyFor(50);
    });
    await durationOf(LIMIT_MS);
    clearInterval(busy);

    expect(rounds).toBeGreaterThan(1);
  });
});

describe('an answer that arrives while the process is busy', () => {
  let server: Server;

  beforeAll(async () => {
    server = createServer((socket) => socket.on('error', () => undefined).end('here'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.close();
  });

  it('is read before the limit is over', async () => {
    const socket = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
    startLimit(LIMIT_MS, () => socket.destroy(new Error('too late')));
    // The server is in this process: it answers before the busy time, and this side reads after it.
    await once(server, 'connection');
    busyFor(3 * LIMIT_MS);

    const [data] = (await once(socket, 'data')) as [Buffer];

    expect(data.toString()).toBe('here');
    socket.destroy();
  });
});

describe('work within a limit', () => {
  const end = async (signal: AbortSignal): Promise<DOMException> => {
    await once(signal, 'abort');
    return signal.reason as DOMException;
  };

  it('has a signal that aborts as AbortSignal.timeout does', async () => {
    const [ours, nodes] = await Promise.all([withinLimit(1, end), end(AbortSignal.timeout(1))]);

    expect([ours.name, ours.message]).toEqual([nodes.name, nodes.message]);
  });

  it.each<[string, () => Promise<string>]>([
    ['is done', async () => 'done'],
    ['fails', () => Promise.reject(new Error('no'))],
  ])('leaves no timer behind when it %s', async (_, work) => {
    jest.useFakeTimers();
    await withinLimit(LIMIT_MS, work).catch(() => undefined);

    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });
});
