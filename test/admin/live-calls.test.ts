/**
 * GET /v1/admin/calls/stream: all live calls and each change once, over lost connections and on several replicas. Its filters:
 * live-filters.test.ts.
 */
import type { DataSource } from 'typeorm';
import { LiveCalls } from '../../src/call/live/live-calls.service.js';
import { keyHeaders, makeKey, revokeKey } from '../support/api-key.js';
import { Desk } from '../support/desk.js';
import { openStream } from '../support/event-stream.js';
import {
  applyEvent,
  applyStep,
  endOpenCalls,
  publishEvent,
  storeCall,
  type StoredCall,
} from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { startWatchedReplicas, type WatchedReplicas } from '../support/watched-replicas.js';

let replicas: WatchedReplicas;
let one: TestApp;
let other: TestApp;
let elsewhere: DataSource;
const desks: Desk[] = [];

beforeAll(async () => {
  replicas = await startWatchedReplicas();
  ({ one, other, elsewhere } = replicas);
});
afterEach(async () => {
  for (const desk of desks.splice(0)) desk.close();
  await endOpenCalls(elsewhere);
});
afterAll(() => replicas.close());

const open = async (service: TestApp, query = '', scope = 'admin'): Promise<Desk> => {
  const desk = new Desk(query, scope);
  desks.push(desk);
  expect(await desk.open(service)).toBe(200);
  return desk;
};

const live = (desk: Desk): Promise<unknown> => waitFor('the picture', () => desk.pictures > 0);

const step = (callSid: string, type: 'ringing' | 'answered' | 'ended'): Promise<unknown> =>
  applyStep(elsewhere, callSid, type);

const tell = async (callSid: string): Promise<void> => {
  for (const type of ['ringing', 'answered', 'ended'] as const) await step(callSid, type);
};

const sidsOf = (calls: readonly StoredCall[]): string[] => calls.map(({ callSid }) => callSid).sort();

const storeCalls = async (count: number): Promise<StoredCall[]> => {
  const calls: StoredCall[] = [];
  for (let number = 0; number < count; number++) calls.push(await storeCall(elsewhere));
  return calls;
};

it('begins with the live calls, tells every change, and lets a call leave at its end', async () => {
  const [first, second] = (await storeCalls(2)) as [StoredCall, StoredCall];
  const desk = await open(one);
  await live(desk);
  expect([...desk.calls.keys()].sort()).toEqual(sidsOf([first, second]));
  expect(desk.shown.get(first.callSid)).toMatchObject({ stateType: '1', callerPhone: '+8613900001001' });

  await publishEvent(one, first, 'ringing');
  await tell(second.callSid);
  const third = await storeCall(elsewhere);

  await waitFor('the changes', () => desk.changes.length === 5);
  expect(desk.changes.sort()).toEqual(
    [`${first.callSid} 2`, ...[2, 3, 4].map((number) => `${second.callSid} ${number}`), `${third.callSid} 1`].sort(),
  );
  expect([...desk.calls.keys()].sort()).toEqual(sidsOf([first, third]));
  expect(desk.faults).toEqual([]);
});

it('a report about a call that is over is not told', async () => {
  const [call] = (await storeCalls(1)) as [StoredCall];
  await tell(call.callSid);
  const desk = await open(one);
  await live(desk);

  const early = { type: 'answered', eventId: 'early', occurredAt: new Date(Date.now() - 60_000) } as const;
  expect((await applyEvent(elsewhere, call.callSid, early)).change).toContain('call.amended');
  const later = await storeCall(elsewhere);

  await waitFor('the later call', () => desk.calls.has(later.callSid));
  expect(desk.changes).toEqual([`${later.callSid} 1`]);
});

it('nothing is missed or doubled by desks that begin while calls change', async () => {
  await storeCalls(450);
  const begun: Desk[] = [];
  const writing = { isOver: false };
  const writers = Array.from({ length: 6 }, async (_, writer) => {
    for (let number = 0; number < 40; number++) {
      const call = await storeCall(writer % 2 === 0 ? elsewhere : one.database);
      await tell(call.callSid);
    }
  });
  const begins = (async () => {
    while (!writing.isOver) {
      const desk = await open(begun.length % 2 === 0 ? one : other);
      begun.push(desk);
      await live(desk);
    }
  })();

  await Promise.all(writers);
  writing.isOver = true;
  await begins;
  const last = await storeCall(elsewhere);
  await tell(last.callSid);

  await waitFor('the last change', () => begun.every(({ changes }) => changes.includes(`${last.callSid} 4`)));
  expect(begun.length).toBeGreaterThan(3);
  for (const { faults, calls, resets } of begun) {
    expect({ faults, live: calls.size, resets }).toEqual({ faults: [], live: 450, resets: [] });
  }
});

it('a desk that loses its connection again and again, and comes back to any replica, gets each change once', async () => {
  await storeCalls(20);
  const desk = await open(one);
  await live(desk);
  const calls: StoredCall[] = [];
  const writing = { isOver: false };
  const writers = Array.from({ length: 4 }, async () => {
    for (let number = 0; number < 40; number++) {
      const call = await storeCall(elsewhere);
      calls.push(call);
      await tell(call.callSid);
    }
  });
  let connections = 1;
  const cuts = (async () => {
    while (!writing.isOver) {
      const before = desk.changes.length;
      await waitFor('some changes', () => desk.changes.length > before || writing.isOver);
      desk.close();
      await desk.ended.catch(() => undefined);
      connections++;
      expect(await desk.open(connections % 2 === 0 ? other : one)).toBe(200);
    }
  })();

  await Promise.all(writers);
  writing.isOver = true;
  await cuts;
  const all = calls.flatMap(({ callSid }) => [1, 2, 3, 4].map((number) => `${callSid} ${number}`));

  await waitFor('all changes', () => desk.changes.length >= all.length);
  expect(connections).toBeGreaterThan(5);
  expect(desk.changes.sort()).toEqual(all.sort());
  expect({ faults: desk.faults, resets: desk.resets, pictures: desk.pictures, live: desk.calls.size }).toEqual({
    faults: [],
    resets: [],
    pictures: 1,
    live: 20,
  });
});

it('a change whose transaction was in progress when the desk left is told when it comes back', async () => {
  const [slow, quick] = (await storeCalls(2)) as [StoredCall, StoredCall];
  const desk = await open(one);
  await live(desk);
  const runner = elsewhere.createQueryRunner();
  await runner.startTransaction();
  await runner.query(
    `insert into call_events (provider, event_id, call_sid, type, occurred_at, change_number, change)
     select provider, call_sid || ':late', call_sid, 'ringing', now(), 2, replace(replace(change, '"number":1', '"number":2'), 'call.requested', 'call.ringing')
     from call_events where call_sid = $1`,
    [slow.callSid],
  );
  await step(quick.callSid, 'ringing');
  await waitFor('the other change', () => desk.changes.length === 1);
  desk.close();
  await desk.ended.catch(() => undefined);

  await runner.commitTransaction();
  await runner.release();
  await desk.open(other);

  await waitFor('the late change', () => desk.changes.length === 2);
  expect(desk.changes).toEqual([`${quick.callSid} 2`, `${slow.callSid} 2`]);
  expect(desk.faults).toEqual([]);
});

it.each([
  ['of no stream', 'nonsense'],
  ['of another server', '1-840:844:841'],
  ['that PostgreSQL could not read', '1-844:840:'],
  ['of the future', (id: string) => id.replace(/-.*/, '-999999999999:999999999999:')],
])('a position %s begins again with a picture', async (_, id) => {
  const calls = await storeCalls(3);
  const desk = await open(one);
  await live(desk);
  desk.close();
  await desk.ended.catch(() => undefined);

  desk.lastId = typeof id === 'string' ? id : id(desk.lastId);
  await desk.open(one);

  await waitFor('the second picture', () => desk.pictures === 2);
  expect(desk.resets).toHaveLength(1);
  expect([...desk.calls.keys()].sort()).toEqual(sidsOf(calls));
  expect(desk.faults).toEqual([]);
});

it('a desk that missed too many changes begins again with a picture', async () => {
  const [call] = (await storeCalls(1)) as [StoredCall];
  const desk = await open(one);
  await live(desk);
  desk.close();
  await desk.ended.catch(() => undefined);
  await elsewhere.query(
    `insert into call_events (provider, event_id, call_sid, type, occurred_at, change_number, change)
     select provider, call_sid || n, call_sid, type, now(), n, change
     from call_events, generate_series(2, 5003) n where call_sid = $1`,
    [call.callSid],
  );

  await desk.open(one);

  await waitFor('the second picture', () => desk.pictures === 2);
  expect(desk.resets).toEqual(['too_many_changes']);
  expect(desk.changes).toEqual([]);
});

it('goes on after the database was away', async () => {
  const [call] = (await storeCalls(1)) as [StoredCall];
  const desk = await open(one);
  await live(desk);
  // Before it, the desk may be about to begin: its stream would be cut.
  await step(call.callSid, 'ringing');
  await waitFor('a change', () => desk.changes.length === 1);
  await elsewhere.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  );

  await waitFor('a change to be stored', () =>
    step(call.callSid, 'answered').then(
      () => true,
      () => false,
    ),
  );

  await waitFor('the change', () => desk.changes.length === 2);
  expect(desk.faults).toEqual([]);
});

describe('a stream', () => {
  it('of a token without the scope is refused, and so is an unknown parameter', async () => {
    const desk = new Desk('', 'calls:read');
    expect(await desk.open(one)).toBe(403);
    expect(await new Desk('?colour=red').open(one)).toBe(400);
  });

  it('ends when its API key is revoked', async () => {
    const { id, key } = await makeKey(one, { scopes: ['admin'] });
    const stream = await openStream(`${one.url}/v1/admin/calls/stream`, keyHeaders(key));
    await waitFor('the picture', () => stream.text().includes('event: live'));

    await revokeKey(one, id);

    await stream.ended;
  });

  it('is refused beyond fifty of one subject', async () => {
    const streams = await Promise.all(Array.from({ length: 50 }, () => open(one)));

    const refused = new Desk();
    expect(await refused.open(one)).toBe(429);
    expect(refused.response!.headers['retry-after']).toBe('10');

    for (const desk of streams) desk.close();
  });

  it('ends when the process drains, and a desk goes on at another replica', async () => {
    const third = await startTestApp({ databaseUrl: replicas.databaseUrl });
    const [call] = (await storeCalls(1)) as [StoredCall];
    const desk = await open(third);
    await live(desk);

    const closing = third.close();
    await desk.ended;
    await step(call.callSid, 'ringing');
    await desk.open(other);
    await closing;

    await waitFor('the change', () => desk.changes.length === 1);
    expect([desk.resets, desk.faults]).toEqual([[], []]);
  });

  it('leaves an entry in the audit, because it shows numbers', async () => {
    const desk = await open(one, '?provider=audited');
    await live(desk);

    const { items } = (await (await one.admin('GET', 'audit?action=watchCalls&limit=1')).json()) as {
      items: { detail: unknown }[];
    };

    expect(items[0]!.detail).toEqual({ query: { provider: 'audited' } });
  });
});

it('reads nothing from the database when nobody watches any more', async () => {
  const desk = await open(one);
  await live(desk);
  desk.close();

  await waitFor('the desk to be gone', () => one.app.nest.get(LiveCalls, { strict: false }).watching === 0);
});
