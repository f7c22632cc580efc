/** The rules that freeze users whose calls look like fraud, over stored calls. */
import { FreezeWatch } from '../../src/call/freezing/freeze-watch.js';
import { readConfig } from '../../src/config/config.js';
import { collectedLog } from '../support/collected-log.js';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { chineseOf, FREEZE_RULES } from '../../web/src/text/service-words.js';

const log = collectedLog();
let service: TestApp;
let watch: FreezeWatch;

beforeAll(async () => {
  service = await startTestApp({
    environment: {
      FREEZE_RULES: 'new_countries=2/1d,rate=5x,refusals=10/1h,short_calls=3/1h',
      LOG_LEVEL: 'warn',
    },
    logTo: log.stream,
  });
  watch = service.app.nest.get(FreezeWatch);
  // The test looks when it is ready.
  await watch.beforeApplicationShutdown();
});
afterAll(() => service.close());

let nextUser = 40_000;

interface Past {
  readonly calleePhone?: string;
  /** Seconds; null if the callee has not answered. */
  readonly talk?: number | null;
  readonly ago?: string;
  /** The clock of the replica is behind by as much. */
  readonly behind?: string;
}

/** Calls that are over. Their callSid has their time, as it has in every call. */
const storeCalls = async (
  callerId: string,
  count: number,
  { calleePhone = '+8613800002000', talk = null, ago = '0', behind = '0' }: Past = {},
): Promise<void> => {
  for (let n = 0; n < count; n++) {
    const { callSid } = await storeCall(service.database, { callerId, calleePhone });
    await service.database.query(
      `update call_records set state = 4, end_reason = 'completed', ended_by = 'provider', requested_at = at,
         call_sid = to_char((at - $4::interval) at time zone 'UTC', 'YYMMDDHH24MISSMS') || right(call_sid, 17),
         answered_at = case when $2::float8 is not null then at end, ended_at = at + coalesce($2::float8, 0) * interval '1 second'
       from (select now() - $3::interval as at) as time where call_sid = $1`,
      [callSid, talk, ago, behind],
    );
  }
};

const refuse = (callerId: string, count: number, fault = 'callee_not_allowed', askedBy: string | null = null) =>
  service.database.query('insert into call_refusal (caller_id, fault, count, asked_by) values ($1, $2, $3, $4)', [
    callerId,
    fault,
    count,
    askedBy,
  ]);

interface Row {
  readonly id: string;
  readonly frozenBy: string;
  readonly reason: string;
}

const freezeOf = async (userId: string): Promise<Row | undefined> => {
  const { items } = (await (await service.admin('GET', 'freezes?limit=200')).json()) as {
    items: (Row & { subject: string })[];
  };
  return items.find(({ subject }) => subject === userId);
};

const newUser = (): string => String(nextUser++);

it('freeze a user who has more calls refused than the rule allows, not one who has as many', async () => {
  const [within, beyond] = [newUser(), newUser()];
  await refuse(within, 10);
  await refuse(beyond, 11);

  await watch.look();

  expect(await freezeOf(within)).toBeUndefined();
  expect(await freezeOf(beyond)).toMatchObject({
    frozenBy: 'rule refusals',
    reason: '11 calls were refused within 3600 s.',
  });
});

it('count no refusal that is not the user’s fault, and none that a backend asked for', async () => {
  const user = newUser();
  for (const fault of ['frozen', 'provider_down', 'no_account', 'service_line_busy']) await refuse(user, 99, fault);
  await refuse(user, 99, 'callee_not_allowed', '9001');

  await watch.look();

  expect(await freezeOf(user)).toBeUndefined();
});

it('freeze a user with many short calls; calls without a talk, and long ones, do not count', async () => {
  const [short, others] = [newUser(), newUser()];
  await storeCalls(short, 4, { talk: 2 });
  await storeCalls(others, 3, { talk: 2 });
  await storeCalls(others, 2, { talk: 60 });
  await storeCalls(others, 2);

  await watch.look();

  expect(await freezeOf(short)).toMatchObject({
    frozenBy: 'rule short_calls',
    reason: '4 calls of less than 6 s of talk within 3600 s.',
  });
  expect(await freezeOf(others)).toBeUndefined();
});

it('freeze a user whose calls come from a replica with a clock that is behind by most of a minute', async () => {
  const user = newUser();
  await storeCalls(user, 4, { talk: 3, behind: '50 s' });

  await watch.look();

  expect(await freezeOf(user)).toMatchObject({ frozenBy: 'rule short_calls' });
});

it('freeze a user who calls more new countries than allowed; those of the month before are not new', async () => {
  const [known, surprising] = [newUser(), newUser()];
  const ABROAD = ['+442079460000', '+14155550100', '+33140000000'];
  for (const calleePhone of ABROAD) {
    await storeCalls(known, 1, { calleePhone, ago: '5 days' });
    await storeCalls(known, 1, { calleePhone });
    await storeCalls(surprising, 1, { calleePhone });
  }

  await watch.look();

  expect(await freezeOf(known)).toBeUndefined();
  expect(await freezeOf(surprising)).toMatchObject({
    frozenBy: 'rule new_countries',
    reason: 'First calls to FR, GB, US within 86400 s.',
  });
});

it('freeze a user who calls five times as often as usual', async () => {
  const [busy, sudden] = [newUser(), newUser()];
  await storeCalls(busy, 30, { ago: '26 hours' });
  await storeCalls(busy, 30, { ago: '50 hours' });
  await storeCalls(busy, 51);
  await storeCalls(sudden, 51);

  await watch.look();

  expect(await freezeOf(busy)).toBeUndefined();
  expect(await freezeOf(sudden)).toMatchObject({
    frozenBy: 'rule rate',
    reason: '51 calls within an hour, more than 5 times the usual 10.',
  });
});

it('count from the lift on, so that an administrator’s word holds', async () => {
  const user = newUser();
  await refuse(user, 11);
  await watch.look();
  const { id } = (await freezeOf(user))!;
  expect((await service.admin('DELETE', `freezes/${id}`)).status).toBe(204);

  await refuse(user, 10);
  await watch.look();
  expect(await freezeOf(user)).toBeUndefined();

  await refuse(user, 1);
  await watch.look();
  expect(await freezeOf(user)).toMatchObject({ frozenBy: 'rule refusals' });
});

it('freeze once, by however many looks and replicas at one instant, with an entry in the audit and a line in the log', async () => {
  const user = newUser();
  await refuse(user, 99);

  await Promise.all([1, 2, 3, 4].map(() => watch.look()));
  await watch.look();

  const { id } = (await freezeOf(user))!;
  const page = (await (await service.admin('GET', `audit?target=freeze:${id}`)).json()) as { items: unknown[] };
  expect(page.items).toMatchObject([{ subject: 'rule refusals', action: 'freezeByRule', after: { subject: user } }]);
  expect(log.lines().filter((line) => line.userId === user)).toMatchObject([
    { rule: 'refusals', reason: '99 calls were refused within 3600 s.' },
  ]);
});

it.each([
  'new_countries',
  'rate=5',
  'rate=1x',
  'refusals=5',
  'refusals=5/2d',
  'refusals=1/1h,refusals=2/1h',
  'colour=5/1h',
])('are refused as a setting if they read %j', (FREEZE_RULES) => {
  expect(() => readConfig({ JWT_SECRET: TEST_SECRET, FREEZE_RULES })).toThrow(/FREEZE_RULES|expected rules/);
});

it('are on the desk in both languages', async () => {
  await refuse(newUser(), 11);
  await storeCalls(newUser(), 51);
  await storeCalls(newUser(), 4, { talk: 2 });
  const abroad = newUser();
  for (const calleePhone of ['+442079460000', '+14155550100', '+33140000000'])
    await storeCalls(abroad, 1, { calleePhone });
  await watch.look();

  const { items } = (await (await service.admin('GET', 'freezes?limit=200')).json()) as { items: Row[] };
  const byRule = items.filter(({ frozenBy }) => frozenBy.startsWith('rule '));

  expect(byRule.map(({ reason }) => reason).filter((reason) => chineseOf(reason) === null)).toEqual([]);
  const rules = new Set(byRule.map(({ frozenBy }) => frozenBy.slice('rule '.length)));
  expect([...rules].sort()).toEqual(Object.keys(FREEZE_RULES).sort());
});
