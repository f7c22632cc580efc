/** How many calls the sweeper checks, and how fast it asks their provider, on several replicas. */
import type { DataSource } from 'typeorm';
import { age, scriptedReplica, type ScriptedReplica } from '../support/scripted-replica.js';
import { scriptedProvider, type ScriptedProvider } from '../support/scripted-provider.js';
import { storeCall, applyEvent } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
let nextProvider = 1;

/** A timer may fire this much early. */
const TIMER_MS = 2;

beforeAll(async () => {
  // Three replicas of the test share one pool; in production each has its own.
  service = await startTestApp({ environment: { SWEEP_EVERY: '3600', DATABASE_POOL_SIZE: '30' } });
});
afterAll(() => service.close());

interface CountedProvider extends ScriptedProvider {
  /** When it was asked about a call, by performance.now(). */
  readonly askedAt: number[];
  readonly asked: string[];
}

/** A provider with its own calls. It reports that each of them goes on. */
const counted = (asksPerSecond: number): CountedProvider => {
  const provider: CountedProvider = {
    ...scriptedProvider(),
    name: `paced-${nextProvider++}`,
    asksPerSecond,
    askedAt: [],
    asked: [],
    onFetchStatus: async () => ({ kind: 'known', events: [] }),
    fetchStatus(call) {
      provider.askedAt.push(performance.now());
      provider.asked.push(call.callSid);
      return provider.onFetchStatus(call);
    },
  };
  return provider;
};
const replica = (...providers: readonly ScriptedProvider[]): ScriptedReplica => scriptedReplica(service, providers);

/** Answered calls that are due for a check now. */
const dueCalls = async (database: DataSource, { name }: ScriptedProvider, count: number): Promise<string[]> => {
  const callSids: string[] = [];
  for (let call = 0; call < count; call++) {
    const { callSid } = await storeCall(database, { provider: name });
    await applyEvent(database, callSid, { type: 'answered' });
    callSids.push(callSid);
  }
  await database.query(`update call_records set sweep_at = now() - interval '1 second' where call_sid = any($1)`, [
    callSids,
  ]);
  return callSids.sort();
};

it('one sweep checks all due calls, each once', async () => {
  const provider = counted(100_000);
  const due = await dueCalls(service.database, provider, 180);

  expect(await replica(provider).sweeper.sweep()).toBe(due.length);

  expect(provider.asked.toSorted()).toEqual(due);
});

it('a call that is due at this instant is checked, whichever way the database rounds the time', async () => {
  const provider = counted(100_000);
  const [callSid = ''] = await dueCalls(service.database, provider, 1);
  const { sweeper } = replica(provider);
  const looked: number[] = [];

  for (let round = 0; round < 40; round++) {
    await service.database.query('update call_records set sweep_at = now() where call_sid = $1', [callSid]);
    looked.push(await sweeper.sweep());
  }

  expect(looked).toEqual(looked.map(() => 1));
});

it('replicas that sweep concurrently check each call once', async () => {
  const provider = counted(100_000);
  const due = await dueCalls(service.database, provider, 120);
  const { sweeper } = replica(provider);

  await Promise.all([sweeper.sweep(), replica(provider).sweeper.sweep(), replica(provider).sweeper.sweep()]);

  expect(provider.asked.toSorted()).toEqual(due);
});

it('two replicas together ask a provider no faster than its pace, and about every call', async () => {
  const pace = 40;
  const provider = counted(pace);
  const due = await dueCalls(service.database, provider, 3 * pace);

  const begin = performance.now();
  await Promise.all([replica(provider).sweeper.sweep(), replica(provider).sweeper.sweep()]);

  expect(provider.asked.toSorted()).toEqual(due);
  // On a busy machine a request may be late, but never early.
  const tooMany = provider.askedAt.filter((at, before) => before > 1 + ((at - begin + TIMER_MS) / 1000) * pace);
  expect(tooMany).toEqual([]);
});

it('a provider that does not reply does not delay the checks of another provider’s calls', async () => {
  const hanging = counted(100_000);
  const well = counted(100_000);
  const release: (() => void)[] = [];
  hanging.onFetchStatus = () => new Promise((_, reject) => release.push(reject));
  await dueCalls(service.database, hanging, 60);
  const due = await dueCalls(service.database, well, 60);

  const sweeping = replica(hanging, well).sweeper.sweep();
  await waitFor('the others', () => well.asked.length === due.length);
  const stillHanging = release.length;
  hanging.onFetchStatus = () => Promise.reject(new Error('503'));
  for (const fail of release) fail();
  await sweeping;

  expect(stillHanging).toBeGreaterThan(0);
  expect(well.asked.toSorted()).toEqual(due);
});

it('a call that goes on according to its provider is checked again later', async () => {
  const provider = counted(100_000);
  const [callSid = ''] = await dueCalls(service.database, provider, 1);
  const { sweeper } = replica(provider);

  await sweeper.sweep();
  const once = provider.asked.length;
  await sweeper.sweep();
  const again = provider.asked.length;
  await age(service, callSid, 361);
  await sweeper.sweep();

  expect([once, again, provider.asked.length]).toEqual([1, 1, 2]);
});

describe('a catch-up after a time without webhooks', () => {
  it('makes every open call due, except one whose dial may be in flight', async () => {
    const provider = counted(100_000);
    const talking = await dueCalls(service.database, provider, 30);
    await service.database.query(`update call_records set sweep_at = now() + interval '1 hour' where provider = $1`, [
      provider.name,
    ]);
    const { callSid: dialling } = await storeCall(service.database, { provider: provider.name });
    const { sweeper, catchUp } = replica(provider);
    expect(await sweeper.sweep()).toBe(0);

    catchUp.askAboutAll();
    await catchUp.beforeApplicationShutdown();
    await sweeper.sweep();

    expect(provider.asked.toSorted()).toEqual(talking);
    expect(provider.asked).not.toContain(dialling);
  });
});
