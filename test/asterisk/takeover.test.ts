/** Several replicas on a real Asterisk share its events: one applies each, and another takes over if it is killed. */
import { Client } from 'pg';
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';
import { DIAL, newPeople, numberOf, reached, startPbxService } from './pbx-service.js';
import { startPhone, type Phone } from './phone.js';
import { LOOK_MS } from '../../src/call/reconciliation/stream-lease.js';
import { issueToken } from '../../src/auth/token-issuer.js';
import { endAllServices, startService, type Service } from '../start/service.js';
import { TEST_KEYS, TEST_SECRET, type Envelope, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { watchStatements } from '../support/watched-statements.js';
import { WITHOUT_LIMITS } from '../support/without-limits.js';

const missing = await fetchAsterisk();

const CALLS = 10;
/** Shorter than a lease, so that calls end while no replica holds it. */
const TALK_MS = 400;
/** From the death of the holder: its lease expires, and another replica looks. A busy machine adds its own delays. */
const WITHIN_MS = 1_000;
/** The sweeper would find the ends by itself. */
const NO_SWEEP = { SWEEP_EVERY: '3600' };

describeOnAsterisk(missing, 'on a real Asterisk, of several replicas', () => {
  let asterisk: Asterisk;
  let shared: TestDatabase;
  let callers: Phone;
  let callees: Phone;

  beforeEach(async () => {
    asterisk = await startAsterisk();
    shared = await createTestDatabase();
    callers = await startPhone(asterisk.folder, { ringMs: 1, calls: 1_000 });
    callees = await startPhone(asterisk.folder, { ringMs: 50, talkMs: TALK_MS, calls: 1_000 });
  });
  afterEach(async () => {
    await endAllServices();
    await Promise.all([callers.end(), callees.end()]);
    await asterisk.remove();
    await shared.drop();
  });

  it('one applies each event of a call, and none that tells nothing new', async () => {
    const replicas: TestApp[] = [];
    for (let count = 0; count < 3; count++) replicas.push(await startPbxService(asterisk, NO_SWEEP, shared.url));
    const applied: string[] = [];
    const endWatches = replicas.map(({ database }, replica) =>
      watchStatements(database, (name) => {
        if (name === 'apply-call-event') applied.push(`replica ${replica}`);
      }),
    );
    try {
      for (const replica of replicas) {
        applied.splice(0);
        const { callerId, calleeId } = await newPeople(replica, numberOf(callers), numberOf(callees));
        const { data } = await replica.ask(callerId, `call/${calleeId}`);
        const call = await reached(replica, data?.callSid ?? '', '4');
        await waitFor('no channel', async () => (await asterisk.channels()).length === 0);

        const types = call.events.map(({ type }) => type).filter((type) => type !== 'requested');
        expect(types.sort()).toEqual(['accepted', 'answered', 'caller_answered', 'ended', 'ringing']);
        expect(applied).toHaveLength(types.length);
      }
    } finally {
      for (const end of endWatches) end();
      await Promise.all(replicas.map((replica) => replica.close()));
    }
  });

  it('another one applies the events if the first is killed, also those that came in between', async () => {
    const environment = {
      ...WITHOUT_LIMITS,
      ...NO_SWEEP,
      ...asterisk.environment,
      ASTERISK_DIAL: DIAL,
      ASTERISK_SHARES_ACCOUNT: 'true',
      DATABASE_URL: shared.url,
      JWT_SECRET: TEST_SECRET,
      SUB_ACCOUNT_KEYS: TEST_KEYS,
      METRICS_PORT: 'off',
    };
    const replicas = [await startService({ environment }), await startService({ environment })];
    const applies = ({ output }: Service): boolean => output().includes('this replica applies events');
    const holder = await waitFor('a replica that applies events', () => replicas.find(applies));
    const other = replicas.find((replica) => replica !== holder)!;
    const database = new Client({ connectionString: shared.url });
    await database.connect();
    try {
      const callerIds = Array.from({ length: CALLS + 1 }, (_, index) => 700_000 + 2 * index);
      await database.query(
        `insert into app_user (id, name, phone)
         select one.id, 'one', one.phone from unnest($1::bigint[]) as caller (id), lateral (values (id, $2), (id + 1, $3)) as one (id, phone)`,
        [callerIds, numberOf(callers), numberOf(callees)],
      );
      const place = async (caller: number): Promise<void> => {
        const [callerId, calleeId] = [String(caller), String(caller + 1)];
        const token = await issueToken(TEST_SECRET, { userId: callerId, lifetimeSeconds: 600 });
        const response = await fetch(`${other.url}/v1/app/call/${calleeId}?access_token=${token}`);
        expect((await response.json()) as Envelope).toMatchObject({ returnCode: 200 });
      };
      const count = async (condition: string): Promise<number> => {
        const { rows } = await database.query<{ count: number }>(
          `select count(*)::int as count from call_records where ${condition}`,
        );
        return rows[0]?.count ?? 0;
      };
      const [last = 0, ...first] = callerIds;
      await Promise.all(first.map(place));
      await waitFor('an answer', async () => (await count('state >= 3')) > 0);
      expect(applies(other)).toBe(false);

      const killedAt = performance.now();
      await holder.kill();
      // By the database's clock, so that a slow machine shortens it at most.
      const { rows } = await database.query<{ leftMs: number }>(
        `select (extract(epoch from next_at - clock_timestamp()) * 1000)::float8 as "leftMs"
         from provider_turn where provider = 'asterisk:events'`,
      );
      expect(rows).toHaveLength(1);
      expect(rows[0]!.leftMs + LOOK_MS).toBeLessThanOrEqual(WITHIN_MS);
      await waitFor('the other replica', () => applies(other));
      const tookMs = performance.now() - killedAt;

      await waitFor('all ends', async () => (await count(`state = 4 and end_reason = 'completed'`)) === CALLS);
      await place(last);
      await waitFor('one more', async () => (await count(`state = 4 and ended_by = 'provider'`)) === CALLS + 1);
      process.stdout.write(`another replica applied events ${tookMs.toFixed(0)} ms after kill -9\n`);
    } finally {
      await database.end();
    }
  });
});
