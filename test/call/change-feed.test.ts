/** How replicas receive each other's changes, with and without hints. */
import { Client } from 'pg';
import { CallRecorder } from '../../src/call/call-recorder.js';
import { openStream } from '../support/event-stream.js';
import { callToOpen, storeCall, publishEvent, applyStep, type StoredCall } from '../support/stored-call.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver } from '../support/webhook-receiver.js';

let database: TestDatabase;
let one: TestApp;
let other: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' };
  one = await startTestApp({ databaseUrl: database.url, environment });
  other = await startTestApp({ databaseUrl: database.url, environment });
});
afterAll(async () => {
  await one.close();
  await other.close();
  await database.drop();
});

const stateAt = async (replica: TestApp, { callSid, callerId }: StoredCall) =>
  (await replica.ask(callerId, `callState/${callSid}`)).data?.stateType;

/** A change by a process that crashed after the commit: no hint is sent, and no job is added. */
const applyWithoutHint = (call: StoredCall, type: 'ringing' | 'answered' | 'ended') =>
  applyStep(one.database, call.callSid, type);

const streamOf = async (replica: TestApp, { callSid, callerId }: StoredCall) =>
  openStream(`${replica.url}/v1/app/callState/${callSid}/stream?access_token=${await replica.token(callerId)}`, {
    'last-event-id': '0',
  });

it('a replica caches its own change before it answers, also the first change of a call', async () => {
  const call = callToOpen();
  await one.app.nest.get(CallRecorder).open(call);
  // A cached state is read without the table.
  const lock = new Client({ connectionString: database.url });
  await lock.connect();
  await lock.query('begin; lock table call_records in access exclusive mode');

  expect(await stateAt(one, call)).toBe('1');

  await lock.query('rollback');
  await lock.end();
});

it('the next look finds a change without a hint, for polls, streams and long polls on every replica', async () => {
  const call = await storeCall(one.database);
  const streams = [await streamOf(one, call), await streamOf(other, call)];
  for (const type of ['ringing', 'answered', 'ended'] as const) {
    const before = await Promise.all([stateAt(one, call), stateAt(other, call)]);
    const polled = other.ask(call.callerId, `callState/${call.callSid}?after=${String(before[1])}&wait=25`);

    await applyWithoutHint(call, type);

    const state = String(Number(before[0]) + 1);
    expect((await polled).data?.stateType).toBe(state);
    for (const replica of [one, other]) await waitFor(state, async () => (await stateAt(replica, call)) === state);
  }
  for (const stream of streams) {
    await stream.ended;
    expect(stream.events.map(({ id }) => id)).toEqual(['1', '2', '3', '4']);
  }
});

it('an open transaction does not hide the changes of other transactions', async () => {
  const [held, call] = [await storeCall(one.database), await storeCall(one.database)];
  const long = new Client({ connectionString: database.url });
  await long.connect();
  await long.query('begin');
  await long.query('update call_records set recording = null where call_sid = $1', [held.callSid]);
  expect(await stateAt(other, call)).toBe('1');

  await applyWithoutHint(call, 'ringing');

  await waitFor('the change', async () => (await stateAt(other, call)) === '2');
  await long.query('rollback');
  await long.end();
});

it('the feed continues on a new connection when its connection is lost, without a gap', async () => {
  const call = await storeCall(one.database);
  const stream = await streamOf(other, call);
  await one.database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'ringback listener' and datname = current_database()`,
  );

  await applyWithoutHint(call, 'ringing');
  await publishEvent(one, call, 'answered');
  await applyWithoutHint(call, 'ended');

  await stream.ended;
  expect(stream.events.map(({ id }) => id)).toEqual(['1', '2', '3', '4']);
  await waitFor('the end', async () => (await stateAt(one, call)) === '4');
});

describe('a transaction that writes a call, an event or a delivery', () => {
  it('sends no notification and adds no job; the deliveries are made from the stored changes', async () => {
    const receiver = await startWebhookReceiver();
    const endpoint = await registerEndpoint(one, { url: receiver.url });
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const notified: string[] = [];
    client.on('notification', ({ channel }) => notified.push(channel));
    await client.query('listen ringback_call_changed; listen "jobs:insert"');
    // The lock blocks all other inserts of jobs. Any job at its end was added by the transactions themselves.
    await client.query('begin; lock table graphile_worker._private_jobs in exclusive mode');
    const call = await storeCall(one.database);
    await applyWithoutHint(call, 'ringing');
    const { rows: jobs } = await client.query(`select from graphile_worker._private_jobs where key like $1`, [
      `deliver:${endpoint.id}:%`,
    ]);
    await client.query('commit');
    await client.query('select 1');
    expect(jobs).toEqual([]);
    expect(notified.filter((channel) => channel === 'ringback_call_changed')).toEqual([]);

    await waitFor('both deliveries', () => receiver.accepted(call.callSid).length === 2);
    expect(receiver.accepted(call.callSid).map(({ change }) => change.data.number)).toEqual([1, 2]);
    await client.end();
    await receiver.close();
    await one.admin('DELETE', `webhook-endpoints/${endpoint.id}`);
  });

  it('adds a job when its writer does not opt out: the previous version, or a person at psql', async () => {
    const receiver = await startWebhookReceiver();
    const endpoint = await registerEndpoint(one, { url: receiver.url });
    const { callSid } = await storeCall(one.database);
    await waitFor('the first delivery', () => receiver.accepted(callSid).length === 1);
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query('begin');

    await client.query(
      `insert into call_events (provider, event_id, call_sid, type, occurred_at, change_number, change)
       values ('psql', 'psql', $1, 'ringing', now(), 2,
         '{"type":"call.ringing","timestamp":"2026-01-01T00:00:00.000Z","data":{"callSid":"${callSid}","number":2}}')`,
      [callSid],
    );
    const { rows } = await client.query(
      `select from graphile_worker._private_jobs where key = webhook_job_key($1, $2)`,
      [endpoint.id, callSid],
    );
    await client.query('rollback');

    expect(rows).toHaveLength(1);
    await client.end();
    await receiver.close();
    await one.admin('DELETE', `webhook-endpoints/${endpoint.id}`);
  });
});
