/** Any database user can send a notification, and a newer version may write changes that this version cannot read. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { readChange } from '../../src/call/record/call-change.js';
import { ChangeFeed } from '../../src/call/updates/change-feed.js';
import { UnexpectedShape } from '../../src/common/foreign-json.js';
import { LOGGER, type Logger } from '../../src/common/logger.js';
import { openStream } from '../support/event-stream.js';
import { storeCall, applyEvent, type StoredCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const CHANGE = {
  type: 'call.ringing',
  timestamp: '2026-01-01T00:00:00.000Z',
  data: {
    callSid: '1'.repeat(32),
    number: 2,
    stateType: '2',
    endReason: null,
    occurredAt: '2026-01-01T00:00:00.000Z',
    callerId: '1001',
    calleeId: '2000',
    serviceLineId: null,
  },
};

const stateOf = async ({ callSid, callerId }: StoredCall) =>
  (await service.ask(callerId, `callState/${callSid}`)).data?.stateType;
const notify = (payload: string) => service.database.query(`select pg_notify('ringback_call_changed', $1)`, [payload]);

describe('a change', () => {
  it('with unknown fields is read, and its fields are kept', () => {
    const bytes = JSON.stringify({ ...CHANGE, version: 2, data: { ...CHANGE.data, leg: 'B' } });

    expect(JSON.stringify(readChange(bytes))).toBe(bytes);
  });

  it('of any JSON is either read or refused with UnexpectedShape', () => {
    const anywhere = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .tuple(fc.constantFrom(...Object.keys(CHANGE.data)), fc.jsonValue())
        .map(([name, value]) => JSON.stringify({ ...CHANGE, data: { ...CHANGE.data, [name]: value } })),
    );
    fc.assert(
      fc.property(anywhere, (bytes) => {
        try {
          const { data } = readChange(bytes);
          expect(data.callSid).toMatch(/^\d{32}$/);
          expect(data.number).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(UnexpectedShape);
        }
      }),
    );
  });
});

describe('a notification that cannot be read', () => {
  it.each([
    '5',
    '{}',
    'null',
    '[]',
    '',
    JSON.stringify(CHANGE).slice(0, 90),
    JSON.stringify({ ...CHANGE, data: null }),
  ])('empties the state cache, and the service continues: %s', async (payload) => {
    const call = await storeCall(service.database);
    await waitFor('the state to be cached', async () => (await stateOf(call)) === '1');
    await service.database.query('update call_records set state = 2 where call_sid = $1', [call.callSid]);

    // The service looks up the role of an unknown session first.
    await waitFor('the state to be read again', async () => {
      await notify(payload);
      return (await stateOf(call)) === '2';
    });
  });

  it('is logged at a limited rate when many arrive', async () => {
    const warn = jest.spyOn(service.app.nest.get<Logger>(LOGGER), 'warn');
    await waitFor('it to be logged', async () => {
      await notify('garbage');
      return warn.mock.calls.length > 0;
    });
    warn.mockClear();

    const began = performance.now();
    await service.database.query(
      `select pg_notify('ringback_call_changed', 'garbage ' || n) from generate_series(1, 500) n`,
    );
    await waitFor('a hint after them', () => acceptsHint());

    expect(warn.mock.calls.length).toBeLessThanOrEqual(1 + (performance.now() - began) / 400);
    warn.mockRestore();
  });
});

/** Whether the service accepts a hint that is sent now; it gives a state that is not the stored one. */
const acceptsHint = async (sender: Pick<DataSource, 'query'> = service.database): Promise<boolean> => {
  const call = await storeCall(service.database);
  await waitFor('the state to be cached', async () => (await stateOf(call)) === '1');
  const data = { ...CHANGE.data, ...call };
  await sender.query(`select pg_notify('ringback_call_changed', $1)`, [JSON.stringify({ ...CHANGE, data })]);
  await service.database.query('select');
  return (await stateOf(call)) === '2';
};

describe('a hint from another database role', () => {
  const ROLE = `stranger_${randomBytes(6).toString('hex')}`;

  afterEach(() => service.database.query(`drop role ${ROLE}`));

  it('is dropped, while a hint from the service’s own role is accepted', async () => {
    await service.database.query(`create role ${ROLE} login`);
    const url = new URL(service.config.databaseUrl!);
    url.username = ROLE;
    const otherRole = await new DataSource({ type: 'postgres', url: url.href, extra: { max: 1 } }).initialize();
    const forged = await storeCall(service.database);
    await waitFor('the state to be cached', async () => (await stateOf(forged)) === '1');

    for (let i = 0; i < 3; i++) {
      const data = { ...CHANGE.data, ...forged, number: 2_147_483_647 };
      await otherRole.query(`select pg_notify('ringback_call_changed', $1)`, [JSON.stringify({ ...CHANGE, data })]);
      // A hint from the service's own role, sent after the forged one.
      await waitFor('our hint to be accepted', () => acceptsHint());
      expect(await stateOf(forged)).toBe('1');
    }
    await otherRole.destroy();
  });
});

describe('a stored change that cannot be read', () => {
  it('is skipped by a long poll, and ends a stream', async () => {
    const call = await storeCall(service.database);
    await applyEvent(service.database, call.callSid, { type: 'ringing' });
    await applyEvent(service.database, call.callSid, { type: 'answered' });
    await service.database.query(
      `update call_events set change = '{"type":"call.transferred"}' where call_sid = $1 and change_number = 2`,
      [call.callSid],
    );
    const path = `${service.url}/v1/app/callState/${call.callSid}`;
    const token = await service.token(call.callerId);

    const stream = await openStream(`${path}/stream?access_token=${token}`, { 'last-event-id': '0' });
    await stream.ended;
    const polled = await (await fetch(`${path}?afterNumber=0&wait=25&access_token=${token}`)).text();

    expect(stream.events.map(({ id }) => id)).toEqual(['1']);
    expect([...polled.matchAll(/"number":(\d+)/g)].map(([, number]) => number)).toEqual(['1', '3']);
    expect((await service.admin('GET', `calls/${call.callSid}`)).status).toBe(200);
  });
});

it('a subscriber that throws does not keep other subscribers from receiving the change', async () => {
  const feed = service.app.nest.get(ChangeFeed);
  const { callSid } = await storeCall(service.database);
  const numbers: (number | undefined)[] = [];
  const fail = (): void => {
    throw new Error('a subscriber fails');
  };
  const stops = [
    feed.subscribe(callSid, 0, fail),
    feed.subscribe(callSid, 0, (item) => numbers.push(item?.change.data.number)),
  ];

  await applyEvent(service.database, callSid, { type: 'ringing' });
  await waitFor('both changes', () => numbers.length === 2);

  expect(numbers).toEqual([1, 2]);
  for (const stop of stops) stop();
});
