/** The lease that decides which replica applies the events of a provider's stream. Replicas are objects here. */
import { PassThrough } from 'node:stream';
import { type DataSource } from 'typeorm';
import { SharedStream } from '../../src/call/reconciliation/shared-stream.js';
import { storedEvents } from '../../src/call/reconciliation/stored-events.js';
import { StreamLease } from '../../src/call/reconciliation/stream-lease.js';
import { createLogger } from '../../src/common/logger.js';
import type { ProviderEvent } from '../../src/telephony/telephony-provider.js';
import { applyEvent, ELSEWHERE, laterCallSid, storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
let database: DataSource;
let streams = 0;

beforeAll(async () => {
  service = await startTestApp();
  ({ database } = service);
});
afterAll(() => service.close());

describe('a lease', () => {
  const leases = (count: number): StreamLease[] => {
    const name = `stream-${++streams}`;
    return Array.from({ length: count }, () => new StreamLease(database, name));
  };

  it('is held by one of several that ask at the same time', async () => {
    const taken = await Promise.all(leases(8).map((lease) => lease.take()));

    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  it('is renewed by its holder alone, and passes to another when it is not', async () => {
    const [first, second] = leases(2) as [StreamLease, StreamLease];
    expect(await first.take()).toBe(true);
    expect(await first.take()).toBe(true);
    expect(await second.take()).toBe(false);

    await waitFor('the end of the lease', () => second.take());

    expect(await first.take()).toBe(false);
    expect(await second.take()).toBe(true);
  });

  it('passes on at once when it is released, and a former holder cannot release it', async () => {
    const [first, second] = leases(2) as [StreamLease, StreamLease];
    await first.take();
    await first.release();
    expect(await second.take()).toBe(true);

    await first.release();

    expect(await first.take()).toBe(false);
  });

  it('is held by one again after its row is lost, as by a failover to a server that lacks it', async () => {
    const [first, second] = leases(2) as [StreamLease, StreamLease];
    await first.take();
    await second.take();
    await database.query('delete from provider_turn where provider = $1', [`stream-${streams}:events`]);

    const held = await waitFor('a holder', async () => {
      const taken = [await first.take(), await second.take()];
      return taken.includes(true) ? taken : undefined;
    });

    expect(held.filter(Boolean)).toHaveLength(1);
  });
});

it('what is stored of a provider’s events is found by the call and the id', async () => {
  const { callSid } = await storeCall(database);
  await applyEvent(database, callSid, { type: 'ringing', eventId: 'one' });
  const told = (eventId: string, of: string | null = callSid): ProviderEvent => ({
    ...{ eventId, callSid: of, providerCallId: null, type: 'ringing', occurredAt: new Date() },
  });
  const events = [told('one'), told('two'), told('one', laterCallSid()), told('three', null)];

  expect(await storedEvents(database, ELSEWHERE, events.slice(0, 2))).toEqual(new Set(['one']));
  expect(await storedEvents(database, ELSEWHERE, events.slice(1))).toEqual(new Set());
  expect(await storedEvents(database, 'another', events)).toEqual(new Set());
});

describe('a shared stream', () => {
  const started: SharedStream[] = [];
  afterEach(() => Promise.all(started.splice(0).map((stream) => stream.stop())));

  const replica = async (
    name: string,
    unstored: ConstructorParameters<typeof SharedStream>[3] = async (events) => events,
  ) => {
    const provider = { name, listens: true, isListening: () => provider.listens };
    const applied: string[] = [];
    const stream = new SharedStream(
      provider,
      new StreamLease(database, name),
      ({ eventId }) => applied.push(eventId),
      unstored,
      createLogger('silent', new PassThrough()),
    );
    started.push(stream);
    await stream.start();
    return { provider, stream, applied };
  };
  const event = (eventId: string): ProviderEvent => ({
    eventId,
    callSid: null,
    providerCallId: 'one',
    type: 'ringing',
    occurredAt: new Date(),
  });

  it('whose replica receives nothing any more is left to another, which applies what it has kept', async () => {
    const name = `stream-${++streams}`;
    const [first, second] = [await replica(name), await replica(name)];
    for (const { stream } of [first, second]) stream.hear(event('a'));
    expect([first.applied, second.applied]).toEqual([['a'], []]);

    first.provider.listens = false;
    await waitFor('the other', () => second.applied.length > 0);
    for (const { stream } of [first, second]) stream.hear(event('b'));

    expect([first.applied, second.applied]).toEqual([['a'], ['a', 'b']]);
  });

  it('whose replica is only too busy is taken over without what it has stored, and in order', async () => {
    const name = `stream-${++streams}`;
    let comesMeanwhile = (): void => undefined;
    const unstored = async (events: readonly ProviderEvent[]) => {
      comesMeanwhile();
      return events.filter(({ eventId }) => eventId !== 'stored');
    };
    const [first, second] = [await replica(name), await replica(name, unstored)];
    for (const eventId of ['stored', 'a']) second.stream.hear(event(eventId));
    comesMeanwhile = () => {
      second.stream.hear(event('b'));
    };

    first.provider.listens = false;

    await waitFor('the other', () => second.applied.length > 0);
    expect(second.applied).toEqual(['a', 'b']);
  });

  it('is taken over with all that was kept, if it cannot be known what is stored', async () => {
    const name = `stream-${++streams}`;
    const [first, second] = [await replica(name), await replica(name, () => Promise.reject(new Error('no database')))];
    second.stream.hear(event('a'));

    first.provider.listens = false;

    await waitFor('the other', () => second.applied.length > 0);
    expect(second.applied).toEqual(['a']);
  });

  it('that stops is left to another at once', async () => {
    const name = `stream-${++streams}`;
    const [first, second] = [await replica(name), await replica(name)];

    await first.stream.stop();
    second.stream.hear(event('a'));

    await waitFor('the other', () => second.applied.length > 0);
    first.stream.hear(event('b'));
    expect(first.applied).toEqual([]);
  });
});
