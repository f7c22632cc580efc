/**
 * Budgets hold by no cent, at no step: 1,000 calls on two replicas, of which one is killed and started again. Each look at the
 * database is one statement, so it sees what all transactions have left behind.
 */
import pg from 'pg';
import { WITHOUT_LIMITS } from '../support/without-limits.js';
import { newPhone } from '../support/backend.js';
import { PROCESS_LIMIT_MS } from '../support/node-process.js';
import { putPrices } from '../support/put-prices.js';
import { startRemoteCarrier, type RemoteCarrier } from '../support/remote-carrier.js';
import { startTestApp, TEST_KEYS, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { endAllServices, startService, type Service } from '../start/service.js';

const CALLERS = 20;
const CALLS_OF_EACH = 50;
const KILLED_AFTER = 300;
/** Talks, and calls that are not answered, refused, or ended by the caller. */
const SCRIPTS = ['00', '01', '03', '04', '05', '06', '12'];

let database: TestDatabase;
let carrier: RemoteCarrier;
let survivor: TestApp;
/** Of its own, so that no look waits for a connection of a replica. */
let looker: pg.Client;
let other: Service;
let environment: Record<string, string>;

const startOther = (): Promise<Service> =>
  startService({
    environment: { ...environment, DATABASE_URL: database.url, JWT_SECRET: TEST_SECRET, SUB_ACCOUNT_KEYS: TEST_KEYS },
  });

const targetsOf = (...services: readonly { readonly url: string }[]): string[] =>
  services.map(({ url }) => `${url}/v1/webhooks/simulator`);

beforeAll(async () => {
  database = await createTestDatabase();
  carrier = await startRemoteCarrier({ speed: 100 });
  environment = {
    ...WITHOUT_LIMITS,
    SIMULATOR_SHARES_ACCOUNT: 'true',
    SIMULATOR_URL: carrier.url,
    SIMULATOR_WEBHOOK_SECRETS: carrier.secret,
    DIAL_TIMEOUT: '2',
    SWEEP_EVERY: '0.2',
    LONGEST_RINGING: '30',
    RING_CALLEE: '20',
    LONGEST_TALK: '60',
    LOG_LEVEL: 'info',
  };
  survivor = await startTestApp({ databaseUrl: database.url, environment: { ...environment, LOG_LEVEL: 'silent' } });
  looker = new pg.Client({ connectionString: database.url });
  await looker.connect();
  other = await startOther();
  carrier.targets.push(...targetsOf(survivor, other));
});
afterAll(async () => {
  await endAllServices();
  await looker.end();
  await survivor.close();
  await carrier.close();
  await database.drop();
});

interface Look {
  /** Budgets of which more than the amount is taken. */
  readonly exceeded: string;
  /** Rows that are not the sum of their calls. */
  readonly wrong: string;
  readonly reserved: string;
  readonly settled: string;
}

/** What a call may cost is 4 yuan, and a talk costs some 0.2. So the budgets are spent, and free again, many times. */
const LOOK = `
select count(*) filter (where used.settled + used.reserved > amount) as exceeded,
  count(*) filter (where (used.settled, used.reserved) is distinct from (calls.settled, calls.reserved)) as wrong,
  coalesce(sum(used.reserved), 0) as reserved, coalesce(sum(used.settled), 0) as settled
from budget_use used join budget on budget.id = budget_id
cross join lateral (
  select coalesce(sum(cost.settled), 0) as settled,
    coalesce(sum(cost.reserved) filter (where cost.settled is null), 0) as reserved
  from call_cost cost cross join lateral unnest(budgets, subjects) as one (id, subject)
  where one.id = used.budget_id and one.subject = used.subject
) calls`;

const look = async (): Promise<Look> => {
  const { rows } = await looker.query<Look>(LOOK);
  return rows[0]!;
};

const setMoney = async (): Promise<void> => {
  const response = await putPrices(survivor, 'provider,prefix,pricePerMinute,currency,billingStep\nsimulator,,1,CNY,6');
  expect(response.status).toBe(200);
  for (const budget of [
    { kind: 'all', amount: '60' },
    { kind: 'user', subject: '*', amount: '25' },
    { kind: 'user', subject: '70000', amount: '4' },
  ]) {
    const stored = await survivor.admin('PUT', 'budgets', { ...budget, period: 'month', timeZone: 'Asia/Shanghai' });
    expect(stored.status).toBe(201);
  }
};

it('however many calls come at once, and whichever replica is killed', async () => {
  const callers = Array.from({ length: CALLERS }, (_, n) => String(70_000 + n));
  const callees = SCRIPTS.map((script, n) => ({ id: String(71_000 + n), name: 'callee', phone: newPhone(script) }));
  const users = [...callers.map((id) => ({ id, name: id, phone: newPhone() })), ...callees];
  expect((await survivor.admin('PUT', 'users', { users })).status).toBe(200);
  await setMoney();
  // A replica that does not know of the budgets yet places calls that none counts.
  for (const [{ url }, caller] of [
    [survivor, '70001'],
    [other, '70002'],
  ] as const) {
    await waitFor('the replica to count', async () => {
      await fetch(`${url}/v1/app/call/71000?access_token=${await survivor.token(caller)}`);
      return (
        (await survivor.database.query<unknown[]>('select from budget_use where subject = $1', [caller])).length > 0
      );
    });
  }

  const end = new AbortController();
  const looks: Look[] = [];
  const watch = (async () => {
    while (!end.signal.aborted) looks.push(await look());
  })();
  let asked = 0;
  const outcomes = new Map<number | string, number>();
  // The budget of all pays for 15 calls at a time. On a fast machine, all is asked before a call is over and gives money back.
  const isPaidAgain = (): boolean => (outcomes.get(200) ?? 0) > 20;
  let restarted: Promise<void> | undefined;
  const killAndRestart = async (): Promise<void> => {
    await other.kill();
    other = await startOther();
    carrier.targets.splice(0, Infinity, ...targetsOf(survivor, other));
  };
  await Promise.all(
    callers.map(async (caller, index) => {
      const token = await survivor.token(caller);
      for (let n = 0; n < CALLS_OF_EACH || !isPaidAgain(); n++) {
        if (++asked === KILLED_AFTER) restarted = killAndRestart();
        const { url } = (n + index) % 2 === 0 ? survivor : other;
        const callee = callees[(n + index) % callees.length]!.id;
        const outcome = await fetch(`${url}/v1/app/call/${callee}?access_token=${token}`).then(
          async (response) => ((await response.json()) as { returnCode: number }).returnCode,
          () => 'no reply',
        );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    }),
  );
  await restarted;
  // What the killed process was dialling is looked at when it is due: now.
  await survivor.database.query('update call_records set sweep_at = now() where state < 4');
  await waitFor(
    'the end of all calls',
    async () =>
      (await survivor.database.query<unknown[]>('select from call_records where state < 4 limit 1')).length === 0,
    PROCESS_LIMIT_MS,
  );
  await waitFor('all to be settled', async () => looks.at(-1)?.reserved === '0', PROCESS_LIMIT_MS);
  end.abort();
  await watch;

  expect(looks.filter(({ exceeded, wrong }) => exceeded !== '0' || wrong !== '0')).toEqual([]);
  expect(await look()).toMatchObject({ exceeded: '0', wrong: '0', reserved: '0' });
  expect(asked).toBeGreaterThanOrEqual(CALLERS * CALLS_OF_EACH);
  expect(outcomes.get(200)).toBeGreaterThan(20);
  expect(outcomes.get(403)).toBeGreaterThan(50);
  expect(looks.length).toBeGreaterThan(10);
});
