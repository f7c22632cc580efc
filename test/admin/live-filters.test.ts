/** The filters of GET /v1/admin/calls/stream: calls that come and leave while they are watched, also over lost connections. */
import type { DataSource } from 'typeorm';
import { Desk } from '../support/desk.js';
import { applyStep, endOpenCalls, storeCall, type StoredCall } from '../support/stored-call.js';
import type { TestApp } from '../support/test-app.js';
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

/** With its picture. */
const open = async (query: string): Promise<Desk> => {
  const desk = new Desk(query);
  desks.push(desk);
  expect(await desk.open(one)).toBe(200);
  await waitFor('the picture', () => desk.pictures > 0);
  return desk;
};

const step = (callSid: string, type: 'ringing' | 'answered' | 'ended'): Promise<unknown> =>
  applyStep(elsewhere, callSid, type);

const sidsOf = (calls: readonly StoredCall[]): string[] => calls.map(({ callSid }) => callSid).sort();

const storeTwo = async (): Promise<[StoredCall, StoredCall]> => [
  await storeCall(elsewhere),
  await storeCall(elsewhere),
];

it('filters as the search does', async () => {
  const some = { callerId: '880001', callerPhone: '+8613900000001' };
  const mine = await storeCall(elsewhere, some);
  await storeCall(elsewhere);
  const line = await storeCall(elsewhere, { calleeId: null, serviceLineId: '7' });
  const elsewhereToo = await storeCall(elsewhere, { provider: 'third' });
  const filters: Readonly<Record<string, string>> = {
    '?userId=880001': mine.callSid,
    '?callerId=880001': mine.callSid,
    '?calleeId=880001': '',
    '?serviceLineId=7': line.callSid,
    '?provider=third': elsewhereToo.callSid,
    '?phone=139%200000%200001': mine.callSid,
    '?userId=880001&provider=third': '',
    '?userId=nobody-has-this': '',
  };
  const found: Record<string, string> = {};
  const watching = await Promise.all(
    Object.keys(filters).map(async (query) => {
      const desk = await open(query);
      found[query] = [...desk.calls.keys()].join();
      return desk;
    }),
  );
  expect(found).toEqual(filters);

  for (const { callSid } of [mine, line, elsewhereToo]) await step(callSid, 'ringing');

  await waitFor('the changes', () => watching.filter(({ changes }) => changes.length === 1).length === 5);
  expect(watching.map(({ changes }) => changes.join())).toEqual(
    Object.values(filters).map((callSid) => (callSid === '' ? '' : `${callSid} 2`)),
  );
});

it('filters by the time of the request, and a date is of the time zone', async () => {
  const [early, late] = await storeTwo();
  // 23:30 and 00:30 in Shanghai.
  for (const [{ callSid }, time] of [
    [early, '15:30'],
    [late, '16:30'],
  ] as const) {
    await elsewhere.query('update call_records set requested_at = $2 where call_sid = $1', [
      callSid,
      `2026-03-10T${time}:00Z`,
    ]);
  }
  const filters: Readonly<Record<string, readonly StoredCall[]>> = {
    '?from=2026-03-11&timeZone=Asia/Shanghai': [late],
    '?to=2026-03-11&timeZone=Asia/Shanghai': [early],
    '?from=2026-03-11': [],
    '?from=2026-03-10&to=2026-03-11': [early, late],
    '?from=2026-03-10T15:30:00Z&to=2026-03-10T16:30:00Z': [early],
    '?from=2026-03-10T17:30:00%2B01:00': [late],
  };

  for (const [query, calls] of Object.entries(filters)) {
    const desk = await open(query);
    expect([query, ...[...desk.calls.keys()].sort()]).toEqual([query, ...sidsOf(calls)]);
  }
});

describe('a desk that asks for states', () => {
  it('gets a call when it comes to one of them, and the call leaves with the next state', async () => {
    const [requested, ringing] = await storeTwo();
    await step(ringing.callSid, 'ringing');
    const [rings, early] = [await open('?stateType=2'), await open('?stateType=1&stateType=2')];
    expect([...rings.calls.keys()]).toEqual([ringing.callSid]);
    expect([...early.calls.keys()].sort()).toEqual(sidsOf([requested, ringing]));

    await step(requested.callSid, 'ringing');
    await waitFor('its ringing', () => rings.changes.length === 1 && early.changes.length === 1);
    await step(ringing.callSid, 'answered');
    await waitFor('the answered call to leave', () => rings.gone.length === 1 && early.gone.length === 1);
    await step(requested.callSid, 'ended');

    await waitFor('the other one to leave', () => rings.gone.length === 2 && early.gone.length === 2);
    const gone = [ringing.callSid, requested.callSid];
    const changes = [`${requested.callSid} 2`];
    expect([rings.gone, early.gone]).toEqual([gone, gone]);
    expect([rings.changes, early.changes]).toEqual([changes, changes]);
    expect([...rings.calls, ...early.calls]).toEqual([]);
  });

  it('is sent the ends if it asks for state 4, and no call with them', async () => {
    const call = await storeCall(elsewhere);
    const desk = await open('?stateType=4');
    expect(desk.calls.size).toBe(0);

    await step(call.callSid, 'ringing');
    await step(call.callSid, 'ended');

    await waitFor('the end', () => desk.changes.includes(`${call.callSid} 3`));
    expect([...desk.calls.keys(), ...desk.gone]).toEqual([]);
  });

  it('learns what has left while it was away, from any replica, and each of these once', async () => {
    const mine = await storeCall(elsewhere, { callerId: '880002' });
    const stranger = await storeCall(elsewhere);
    for (const { callSid } of [mine, stranger]) await step(callSid, 'ringing');
    const [desk, ofUser] = [await open('?stateType=2'), await open('?stateType=2&userId=880002')];
    for (const lost of [desk, ofUser]) {
      lost.close();
      await lost.ended.catch(() => undefined);
    }

    await step(mine.callSid, 'answered');
    const unseen = await storeCall(elsewhere);
    await Promise.all([desk.open(other), ofUser.open(other)]);
    await waitFor('the call to leave', () => !desk.calls.has(mine.callSid) && ofUser.calls.size === 0);
    await step(stranger.callSid, 'answered');
    await waitFor('the next call to leave', () => desk.calls.size === 0);
    for (const { callSid } of [mine, stranger, unseen]) await step(callSid, 'ended');
    const last = await storeCall(elsewhere, { callerId: '880002' });
    await step(last.callSid, 'ringing');

    await waitFor('a later call', () => desk.calls.has(last.callSid) && ofUser.calls.has(last.callSid));
    expect([desk.gone, ofUser.gone]).toEqual([[mine.callSid, stranger.callSid], [mine.callSid]]);
    expect(
      [desk.changes, ofUser.changes].map((changes) => changes.filter((one) => !one.startsWith(last.callSid))),
    ).toEqual([[], []]);
    expect([...desk.resets, ...ofUser.resets]).toEqual([]);
  });
});

it('a call that another provider carries leaves a desk that watches the first one', async () => {
  const call = await storeCall(elsewhere, { provider: 'first' });
  const [first, second] = [await open('?provider=first'), await open('?provider=second')];

  await elsewhere.query(`update call_records set provider = 'second' where call_sid = $1`, [call.callSid]);
  await step(call.callSid, 'ringing');

  await waitFor('the call to move', () => first.gone.length === 1 && second.changes.length === 1);
  expect([first.gone, first.changes, second.changes]).toEqual([[call.callSid], [], [`${call.callSid} 2`]]);
});

it.each([
  'phone=12',
  'stateType=5',
  'from=2026-11-25&to=2026-11-24',
  'from=noon',
  'timeZone=Mars/Olympus',
  'open=true',
])('refuses %s', async (query) => {
  expect(await new Desk(`?${query}`).open(one)).toBe(400);
});
