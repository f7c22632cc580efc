/** What one replica does to a key, the others do within a second; and what a key costs the database. */
import { newKeyText } from '../../src/auth/api-keys/key-text.js';
import {
  ACCEPTED,
  backendWithKey,
  keyHeaders,
  makeKey,
  REFUSED,
  revokeKey,
  rotateKey,
  statusOf,
  type MadeApiKey,
} from '../support/api-key.js';
import { queryDatabase } from '../support/database-query.js';
import { openStream } from '../support/event-stream.js';
import { createProxiedDatabase } from '../support/proxied-database.js';
import { explainEverything, recordPlans } from '../support/recorded-plans.js';
import { storeCall } from '../support/stored-call.js';
import { createTestDatabase } from '../support/test-database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
let replica: TestApp;

beforeAll(async () => {
  service = await startTestApp();
  replica = await startTestApp({ databaseUrl: service.config.databaseUrl! });
});
afterAll(async () => {
  await replica.close();
  await service.close();
});

const becomes = (one: TestApp, key: string, status: number) =>
  waitFor(`${status}`, async () => (await statusOf(one, key)).status === status);

it('a key is accepted by the replica that made it at once, by the others soon, and refused likewise', async () => {
  const { id, key } = await makeKey(service);

  expect(await statusOf(service, key)).toEqual(ACCEPTED);
  await becomes(replica, key, 404);
  const next = await rotateKey(replica, id, { overlapSeconds: 0 });
  expect(await statusOf(replica, key)).toEqual(REFUSED);
  await becomes(service, key, 401);
  await becomes(service, next.key, 404);
  await revokeKey(service, next.id);
  expect(await statusOf(service, next.key)).toEqual(REFUSED);
  await becomes(replica, next.key, 401);
});

it('a change reaches the replicas without any message: one that is made at psql, with no listener connected', async () => {
  const { id, key } = await makeKey(service);
  await becomes(replica, key, 404);

  await queryDatabase(
    service.config.databaseUrl!,
    `update api_key set revoked_at = now() where id = ${id};
     select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'ringback listener' and datname = current_database()`,
  );

  await becomes(replica, key, 401);
  await becomes(service, key, 401);
});

describe('what is open when its key ends', () => {
  const open = async ({ key, subject }: MadeApiKey) => {
    await becomes(replica, key, 404);
    const order = { placedBy: subject, metadata: null, longestTalkSeconds: null, request: null };
    const { callSid } = await storeCall(service.database, { order });
    const poll = backendWithKey(replica, key).ask('GET', `/${callSid}/events?after=1&wait=60`);
    const stream = await openStream(`${replica.url}/v1/calls/${callSid}/events`, keyHeaders(key));
    await waitFor('the current state', () => stream.events.length === 1);
    return { poll, stream };
  };

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['is revoked', (id) => revokeKey(service, id)],
    ['was rotated, and the overlap is over', (id) => rotateKey(service, id, { overlapSeconds: 1 })],
  ])('ends, streams and long polls, on the other replica too, where the key %s', async (_what, end) => {
    const [ending, staying] = [await makeKey(service), await makeKey(service)];
    const [ended, kept] = [await open(ending), await open(staying)];

    await end(ending.id);
    await ended.stream.ended;

    expect(await ended.poll).toMatchObject({ status: 200, body: { stateType: '1', changes: [] } });
    expect(await statusOf(replica, ending.key)).toEqual(REFUSED);
    expect(kept.stream.response.complete).toBe(false);
    kept.stream.close();
    await revokeKey(service, staying.id);
    await kept.poll;
  });
});

describe('the last use', () => {
  it('is written once for many requests', async () => {
    const { id, key } = await makeKey(service);
    await becomes(replica, key, 404);
    const lastUse = async () => {
      const [row] = await service.database.query<{ at: Date | null; xmin: string }[]>(
        'select last_used_at as at, xmin::text from api_key where id = $1',
        [id],
      );
      return row;
    };
    const first = await waitFor('the first use', async () => {
      const row = await lastUse();
      return row?.at && row;
    });

    await Promise.all(Array.from({ length: 50 }, () => statusOf(replica, key)));
    const probe = await makeKey(service);
    await becomes(replica, probe.key, 404);
    await waitFor('a later write of the replica', async () => {
      const { lastUsedAt } = (await (await service.admin('GET', `api-keys/${probe.id}`)).json()) as {
        lastUsedAt: unknown;
      };
      return lastUsedAt !== null;
    });

    expect(await lastUse()).toEqual(first);
  });

  it('that was not written yet is written when the process ends', async () => {
    const { id, key } = await makeKey(service);
    const short = await startTestApp({ databaseUrl: service.config.databaseUrl! });
    await statusOf(short, key);

    await short.close();

    const [row] = await queryDatabase<{ used: boolean }>(
      service.config.databaseUrl!,
      `select last_used_at is not null as used from api_key where id = ${id}`,
    );
    expect(row).toEqual({ used: true });
  });
});

/** Two read the keys. */
const BACKGROUND_STATEMENTS_A_SECOND = 6;

it('keys that somebody makes up cause no statement', async () => {
  const database = await createTestDatabase();
  await explainEverything(database.url);
  const observed = await startTestApp({
    databaseUrl: database.url,
    environment: { DATABASE_POOL_SIZE: '1', SWEEP_EVERY: '600' },
  });
  const recorder = await recordPlans(observed.database);
  const { key } = await makeKey(observed);
  await waitFor('the statement that reads the keys', () =>
    recorder.take().some(({ text }) => text.includes('api_key')),
  );

  const madeUp = Array.from({ length: 500 }, newKeyText);
  const begin = performance.now();
  for (const one of madeUp) expect((await statusOf(observed, one)).status).toBe(401);
  for (let i = 0; i < madeUp.length; i++) expect((await statusOf(observed, key)).status).toBe(404);
  const statements = recorder.take();

  const background = (BACKGROUND_STATEMENTS_A_SECOND * (performance.now() - begin)) / 1_000;
  expect(statements.length).toBeLessThan(madeUp.length / 4 + background);
  await observed.close();
  await database.drop();
});

describe('while the database is away', () => {
  it('known keys are accepted for a minute, made-up ones refused; then none is, with 503', async () => {
    const database = await createProxiedDatabase();
    const cut = await startTestApp({ databaseUrl: database.url });
    const { key } = await makeKey(cut);
    database.proxy.mode = 'cut';

    expect(await statusOf(cut, key)).toEqual(ACCEPTED);
    expect(await statusOf(cut, newKeyText())).toEqual(REFUSED);
    const now = performance.now.bind(performance);
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + 61_000);
    const late = await Promise.all([key, newKeyText()].map((one) => statusOf(cut, one)));
    clock.mockRestore();
    database.proxy.mode = 'pass';
    await becomes(cut, key, 404);

    expect(late).toEqual(late.map(() => ({ status: 503, challenge: null })));
    await cut.close();
    await database.drop();
  });
});
