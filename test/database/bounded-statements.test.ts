/**
 * The cost of background work and of the admin API's lists, from PostgreSQL's plans of the statements that the service
 * sends. There are a million deliveries; the other tables are large enough to distinguish a part from the whole.
 * call-search-plan tests the search for calls.
 */
import { CALLS_AT_ONCE, SEARCHED_AT_ONCE } from '../../src/delivery/delivery-jobs.js';
import { Client } from 'pg';
import { busyNumbers } from '../../src/call/placement/line-hunt.js';
import { LimitSpent } from '../../src/call/record/open-call.js';
import { LiveKeys } from '../../src/auth/api-keys/live-keys.js';
import { AuditTrail } from '../../src/audit/audit-trail.service.js';
import { FreezeWatch } from '../../src/call/freezing/freeze-watch.js';
import { AuditLog } from '../../src/audit/audit-log.service.js';
import { newCallSid } from '../../src/call/record/call-sid.js';
import { CatchUp } from '../../src/call/reconciliation/catch-up.js';
import { ChangeFeed } from '../../src/call/updates/change-feed.js';
import { removeOldRefusals } from '../../src/call/record/call-refusals.js';
import { openCallsByProvider, acquireDialSlot } from '../../src/call/placement/provider-rate-limit.js';
import { OldRowRemoval } from '../../src/call/reconciliation/old-row-removal.js';
import { removeOldCosts } from '../../src/call/spending/old-costs.js';
import { CallCounting } from '../../src/call/statistics/call-counting.js';
import { Settling } from '../../src/call/spending/settling.js';
import { Sweeper } from '../../src/call/reconciliation/sweeper.js';
import { quarterOf } from '../../src/call/statistics/time-buckets.js';
import { LOGGER, type Logger } from '../../src/common/logger.js';
import { MAX_EXAMINED } from '../../src/common/page.js';
import { DeliveryService } from '../../src/delivery/delivery.service.js';
import { DeliveryMaintenance } from '../../src/delivery/delivery-maintenance.js';
import { lookAtWaitingDeliveries } from '../../src/delivery/waiting-deliveries.js';
import type { ProviderRegistry } from '../../src/telephony/provider-registry.js';
import { backend, newPhone } from '../support/backend.js';
import { fillDatabase, FAILED_CALLS, PENDING_CALLS } from '../support/filled-database.js';
import { OPEN_CALLS } from '../support/many-calls.js';
import { explainEverything, recordPlans, type PlanRecorder } from '../support/recorded-plans.js';
import { NO_LIMITS, storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let testDatabase: TestDatabase;
let service: TestApp;
let recorder: PlanRecorder;
let endpointId: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  await fillDatabase(testDatabase.url);
  await explainEverything(testDatabase.url);
  await moveOpenCallsElsewhere(testDatabase.url);
  service = await startTestApp({
    databaseUrl: testDatabase.url,
    environment: { DATABASE_POOL_SIZE: '1', SWEEP_EVERY: '600' },
  });
  recorder = await recordPlans(service.database);
  [{ id: endpointId }] = await service.database.query<[{ id: string }]>('select id from webhook_endpoint');
});
afterAll(async () => {
  await service.close();
  await testDatabase.drop();
});

/** The process does not stop. */
const NEVER = new AbortController().signal;

/** Tables that are small by nature. */
const SMALL =
  /Seq Scan (?:call_freeze|migrations|provider_turn|service_line|webhook_endpoint|_private_tasks|_private_job_queues)$/;

const LIVE_KEYS = 100;
/** A batch. */
const CALLS_COUNTED = 1_000;

/** What the service reads every few seconds in the background, and how many rows. */
const BACKGROUND: readonly (readonly [RegExp, number])[] = [
  // For each delivery its row, its job and its endpoint.
  [/\) delivery\s+left join lateral/, 3 * SEARCHED_AT_ONCE],
  [/^select id, hash, /, 2 * LIVE_KEYS],
  // The calls that have ended since the last count.
  [/^delete from end_to_count /, 3 * CALLS_COUNTED],
  // The jobs of calls that have changed, which are added after it. The first time, a session reads the catalogue for the function.
  [/^select webhook_add_jobs\(|from unnest\(call_sids\)/, CALLS_AT_ONCE],
  // The catalogue of partitions.
  [/^select webhook_partitions_empty\(|from call_partition /, 200],
];

/** No statement of the work reads more rows. */
const expectBounded = async (maxRows: number, work: () => Promise<unknown>): Promise<void> => {
  recorder.take();
  await work();
  const plans = recorder.take();

  expect(plans.length).toBeGreaterThan(0);
  for (const { text, nodes, rowsRead, rowsSorted, buffers } of plans) {
    const plan = { text, nodes, rowsRead, rowsSorted, buffers };
    const background = BACKGROUND.find(([statement]) => statement.test(text))?.[1] ?? 0;
    const most = Math.max(maxRows, background);
    const readsAll = nodes.filter((node) => /Seq Scan/.test(node) && !SMALL.test(node));
    // A row costs a page of the table and some index pages; a written row costs pages of all indexes.
    const isWithin = readsAll.length === 0 && rowsRead <= most && rowsSorted <= most && buffers <= 12 * most + 100;
    expect({ ...plan, isWithin }).toEqual({ ...plan, isWithin: true });
  }
};

const page = async (path: string): Promise<{ items: unknown[]; next: string | null }> => {
  const response = await service.admin('GET', path);
  const text = await response.text();
  if (response.status !== 200) throw new Error(text);
  return JSON.parse(text) as { items: unknown[]; next: string | null };
};

const deliveries = (query = ''): Promise<{ items: unknown[]; next: string | null }> =>
  page(`webhook-endpoints/${endpointId}/deliveries?limit=50${query}`);

const daysAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000);

/** Deliveries of a new endpoint, with one attempt each. @returns the endpoint's id */
const moreDeliveries = async (count: number, day: Date): Promise<string> => {
  const [{ id }] = await service.database.query<[{ id: string }]>(
    `insert into webhook_endpoint (url, secret) values ('https://other.example.com/', 'whsec_') returning id`,
  );
  await service.database.query(
    `insert into webhook_deliveries (endpoint_id, call_sid, change_number, state, settled_at)
     select $1, left($2, 15) || lpad(n::text, 17, '0'), 1, 'delivered', now() from generate_series(1, $3::integer) n`,
    [id, newCallSid(day), count],
  );
  await service.database.query(
    `insert into webhook_attempts (endpoint_id, call_sid, change_number)
     select endpoint_id, call_sid, change_number from webhook_deliveries where endpoint_id = $1`,
    [id],
  );
  return id;
};

/** A new endpoint that is disabled. @returns its id */
const waitingForDisabled = async (count: number): Promise<string> => {
  const [{ id }] = await service.database.query<[{ id: string }]>(
    `insert into webhook_endpoint (url, secret, disabled_at, disabled_reason)
     values ('https://gone.example.com/', 'whsec_', now(), 'An administrator disabled it.') returning id`,
  );
  await service.database.query(
    `insert into webhook_deliveries (endpoint_id, call_sid, change_number, created_at)
     select $1, left($2, 15) || lpad(n::text, 17, '0'), 1, now() - interval '1 day' from generate_series(1, $3::integer) n`,
    [id, newCallSid(daysAgo(1)), count],
  );
  return id;
};

const countOf = async (endpoint: string): Promise<number> => {
  const [{ count }] = await service.database.query<[{ count: number }]>(
    'select count(*)::int as count from webhook_deliveries where endpoint_id = $1',
    [endpoint],
  );
  return count;
};

const anOpenCall = async (): Promise<string> => {
  const [call] = await service.database.query<{ sid: string }[]>(
    'select call_sid as sid from call_records where state = 1 limit 1',
  );
  return call!.sid;
};

/** Moves two of three open calls to a provider that is not configured, so that they stay open. */
/** A provider that is not configured. The service checks the open calls of configured ones at its start, and ends them. */
const ELSEWHERE = 'elsewhere';

const moveOpenCallsElsewhere = async (url: string): Promise<void> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`update call_records set provider = '${ELSEWHERE}', sweep_at = 'infinity' where state < 4`);
  await client.end();
};

const openAtNoProvider = (sweepIn: string): Promise<unknown> =>
  service.database.query(
    `update call_records set provider = 'gone', sweep_at = now() + $1::interval where state in (2, 3)`,
    [sweepIn],
  );

/** Maintenance reads the rows of a batch, finds them again by ctid, and removes them. */
const A_BATCH = 3 * 500;
const A_PAGE = 4 * 51;
/** The same for idempotency keys and refusals. */
const A_BATCH_OF_KEYS = 4 * 1_000;

/** Idempotency keys of the last day, and some older ones. */
const fillWithKeys = ({ database }: TestApp): Promise<unknown> =>
  database.query(`
    insert into idempotent_request (principal, key, body_hash, call_sid, created_at)
    select '9001', n::text, 'hash', 'call ' || n, now() - n * interval '1 second' from generate_series(1, 90000) n
    on conflict do nothing`);

/** What the rates count, of a busy day. */
const fillWithCounts = ({ database }: TestApp): Promise<unknown> =>
  database.query(`
    insert into recent_calls (subject, placed_at)
    select kind || lpad(n::text, 6, '0'), array[now() - n * interval '1 second']
    from generate_series(1, 100000) n, unnest(array['callee +86139', 'caller ']) kind
    on conflict do nothing`);

/** API keys of some years with many rotations. */
const fillWithApiKeys = ({ database }: TestApp): Promise<unknown> =>
  database.query(
    `insert into api_key (name, scopes, prefix, hash, created_by, revoked_at)
     select 'key', '{admin}', 'rbk_', 'hash ' || n, '1001', case when n > $1::integer then now() end
     from generate_series(1, 20000) n
     on conflict do nothing`,
    [LIVE_KEYS],
  );

/** Of some months, by one administrator. */
const fillWithEntries = ({ database }: TestApp): Promise<unknown> =>
  database.query(`
    insert into audit_entry (at, subject, action, route, target, address, request_id)
    select now() - n * interval '5 minutes', '1001', 'changeUser', 'PATCH /v1/admin/users/{userId}', 'user:' || n % 1000, '::1', 'r'
    from generate_series(1, 20000) n where not exists (select from audit_entry where request_id = 'r')`);

/** Of four weeks, by a hundred callers. */
const fillWithRefusals = ({ database }: TestApp): Promise<unknown> =>
  database.query(`
    insert into call_refusal (at, caller_id, fault, request_id, count)
    select now() - n * interval '2 minutes', 1000 + n % 100, 'no_route', 'r', 1
    from generate_series(20000, 1, -1) n where not exists (select from call_refusal where request_id = 'r')`);

/** Seven times: a prepared statement gets a custom plan five times, and then a generic plan. */
const repeatedly = async (work: () => Promise<unknown>): Promise<void> => {
  for (let time = 0; time < 7; time++) await work();
};

const withoutStatistics = async (): Promise<void> => {
  const tables = `select oid from pg_class where relkind = 'r' and relnamespace in
    ('public'::regnamespace, 'graphile_worker'::regnamespace)`;
  await service.database.query(
    `update pg_class set reltuples = 0, relpages = 0
     where oid in (${tables}) or oid in (select indexrelid from pg_index where indrelid in (${tables}))`,
  );
  await service.database.query(`delete from pg_statistic where starelid in (${tables})`);
};

describe.each([
  { statistics: 'as they were gathered', prepare: () => Promise.resolve() },
  { statistics: 'of empty tables', prepare: withoutStatistics },
])('with statistics $statistics', ({ prepare }) => {
  beforeAll(prepare);

  it('removing deliveries reads no rows when there is nothing to remove', async () => {
    await service.app.nest.get(DeliveryMaintenance).forget(NEVER);

    await expectBounded(10, () => service.app.nest.get(DeliveryMaintenance).forget(NEVER));
  });

  it('removing deliveries reads only the rows that it removes, in batches', async () => {
    const old = await moreDeliveries(700, daysAgo(32));
    const removed = await moreDeliveries(700, daysAgo(1));
    await service.database.query('delete from webhook_endpoint where id = $1', [removed]);

    await expectBounded(A_BATCH, () => service.app.nest.get(DeliveryMaintenance).forget(NEVER));

    expect(await Promise.all([old, removed].map(countOf))).toEqual([0, 0]);
  });

  it('removing an endpoint does not read its deliveries', async () => {
    const endpoint = await moreDeliveries(700, daysAgo(1));

    // Its jobs are searched among the waiting jobs.
    await expectBounded(10 * PENDING_CALLS, () => service.admin('DELETE', `webhook-endpoints/${endpoint}`));
  });

  it('recovering the jobs of a dead process reads only waiting jobs', async () => {
    await service.database.query(
      `update graphile_worker._private_jobs set locked_by = 'dead', locked_at = now() - interval '70 seconds'
       where key in ('deliver:0:1', 'deliver:0:2', 'deliver:0:3')`,
    );

    await expectBounded(30, () => service.app.nest.get(DeliveryMaintenance).recover());

    expect(await service.database.query(`select 1 from graphile_worker.jobs where locked_by = 'dead' limit 1`)).toEqual(
      [],
    );
  });

  it('enabling an endpoint reads only its pending deliveries', async () => {
    await expectBounded(10 * PENDING_CALLS, () => service.app.nest.get(DeliveryMaintenance).resume(endpointId, NEVER));
  });

  it('a page of deliveries reads only the rows of the page', async () => {
    await expectBounded(A_PAGE, async () => {
      const first = await deliveries();
      expect(first.items).toHaveLength(50);
      const second = await deliveries(`&after=${String(first.next)}`);
      expect(second.items).toHaveLength(50);
      const [{ callSid }] = second.items as [{ callSid: string }];
      expect((await deliveries(`&callSid=${callSid}`)).items).toHaveLength(4);
      await service.admin('POST', `webhook-endpoints/${endpointId}/redeliver`, { callSid });
    });
  });

  it('a page of pending deliveries reads only the rows of the page', async () => {
    await expectBounded(A_PAGE, async () => {
      const { items } = await deliveries('&state=pending');
      expect(items.length).toBeGreaterThanOrEqual(PENDING_CALLS);
    });
  });

  it(`a page of deliveries in a rare state examines at most ${MAX_EXAMINED} rows`, async () => {
    const [{ callSid }] = await service.database.query<[{ callSid: string }]>(
      `select call_sid as "callSid" from webhook_deliveries where endpoint_id = $1 and state = 'failed' order by 1 desc`,
      [endpointId],
    );

    await expectBounded(MAX_EXAMINED + A_PAGE, async () => {
      const none = await deliveries('&state=failed');
      expect(none.items).toEqual([]);
      expect(none.next).toMatch(/^\d{32}-\d$/);
      const some = await deliveries(`&state=failed&after=${callSid}-5`);
      expect(some.items).toHaveLength(FAILED_CALLS);
      expect((await deliveries('&state=delivered')).items).toHaveLength(50);
    });
  });

  it.each([
    'users?limit=50',
    'users?limit=50&after=550000',
    'users?externalId=user-550000',
    'users?phone=138 0013 8000',
    'users?phone=138 0013 8000&name=somebody',
    'users/550000/sub-accounts',
    'users/user-550000',
    'users/user-550000/sub-accounts',
    'users/user-550000/sub-accounts/simulator',
    'service-lines?limit=50',
    'webhook-endpoints?limit=50',
    'api-keys?limit=50',
  ])('GET %s reads only the rows of the page', async (path) => {
    await expectBounded(A_PAGE, () => page(path));
  });

  it('reading the active API keys skips the revoked ones', async () => {
    await fillWithApiKeys(service);

    await expectBounded(2 * LIVE_KEYS, () => repeatedly(() => service.app.nest.get(LiveKeys).refresh()));
  });

  it.each(['', '&subject=1001', '&action=changeUser', '&target=user:7', '&from=2026-01-01T00:00:00Z'])(
    'a page of the audit%s reads only its rows',
    async (filter) => {
      await fillWithEntries(service);

      await expectBounded(A_PAGE, () => page(`audit?limit=50${filter}`));
    },
  );

  it(`a page of the audit with several filters examines at most ${MAX_EXAMINED} rows`, async () => {
    await fillWithEntries(service);

    await expectBounded(MAX_EXAMINED + A_PAGE, () => page('audit?limit=50&subject=1001&action=none'));
  });

  it('removing entries of the audit reads only the rows that it removes, in batches', async () => {
    await fillWithEntries(service);
    await service.database.query(`
      insert into audit_entry (at, subject, action, route, address, request_id)
      select now() - interval '401 days' - n * interval '1 second', '1001', 'changeUser', 'PATCH', '::1', 'old'
      from generate_series(1, 2500) n`);

    await expectBounded(A_BATCH, () => service.app.nest.get(AuditLog).forget(NEVER));

    expect(await service.database.query(`select 1 from audit_entry where request_id = 'old' limit 1`)).toEqual([]);
  });

  it('removing entries of the audit reads nothing when all are recent', async () => {
    await fillWithEntries(service);
    // What another test has removed is still in the index, until a look finds that it is dead.
    await service.app.nest.get(AuditLog).forget(NEVER);

    await expectBounded(10, () => service.app.nest.get(AuditLog).forget(NEVER));
  });

  it.each(['', '&userId=1001', '&userId=user-1001', '&from=2026-01-01T00:00:00Z'])(
    'a page of the refusals%s reads only its rows',
    async (filter) => {
      await fillWithRefusals(service);

      await expectBounded(A_PAGE, () => page(`refusals?limit=50${filter}`));
    },
  );

  it.each(['', '&userId=1001'])(
    `a page of the refusals%s with a fault examines at most ${MAX_EXAMINED} rows`,
    async (filter) => {
      await fillWithRefusals(service);

      await expectBounded(MAX_EXAMINED + A_PAGE, () => page(`refusals?limit=50&fault=same_phone${filter}`));
    },
  );

  it('removing refusals reads nothing when all are recent', async () => {
    await fillWithRefusals(service);

    await expectBounded(10, () => repeatedly(() => removeOldRefusals(service.database)));
  });

  it('removing refusals reads only the rows that it removes, in batches', async () => {
    await fillWithRefusals(service);
    await service.database.query(`
      insert into call_refusal (at, fault, count)
      select now() - interval '31 days' - n * interval '1 second', 'no_route', 1 from generate_series(1, 2500) n`);

    await expectBounded(A_BATCH_OF_KEYS, async () => {
      while (await removeOldRefusals(service.database));
    });

    const old = `select 1 from call_refusal where at < now() - interval '30 days' limit 1`;
    expect(await service.database.query(old)).toEqual([]);
  });

  it('counting calls reads the ends of a batch, and no record', async () => {
    const ended = `update call_records set answered_at = coalesce(answered_at, ended_at) - interval '1 second'
      where call_sid = any (array(select call_sid from call_records where state = 4 and end_reason = 'completed' limit 2500))`;
    await service.database.query(ended);

    // Each end removes a row and is counted in a few; some of these are read and written.
    await expectBounded(8 * 1_000, () => service.app.nest.get(CallCounting).count());

    expect(await service.database.query('select 1 from end_to_count limit 1')).toEqual([]);
  });

  it('comparing the statistics of a quarter of an hour with its records reads only these', async () => {
    const [{ at }] = await service.database.query<[{ at: Date }]>(
      'select requested_at as at from call_records where state = 4 order by call_sid desc offset 10000 limit 1',
    );
    await service.database.query('update statistics_progress set next_at = $1', [quarterOf(at)]);
    const calls = 17 * 60;

    await expectBounded(4 * calls, () => service.app.nest.get(CallCounting).compareNext());

    await service.database.query(`update statistics_progress set next_at = now() + interval '1 day'`);
  });

  it('statistics of a year read only the rows that make it up', async () => {
    await service.app.nest.get(CallCounting).count();

    await expectBounded(2_000, () =>
      page('statistics?from=2025-01-01T00:15:00Z&to=2026-12-31T23:45:00Z&every=week&by=country'),
    );
  });

  it('the timeline of a call reads only its events', async () => {
    const callSid = await anOpenCall();

    await expectBounded(20, () => page(`calls/${callSid}`));
  });

  it('the bundle of a call reads only its events and deliveries', async () => {
    const open = await anOpenCall();
    const [{ callSid }] = await service.database.query<[{ callSid: string }]>(
      `select call_sid as "callSid" from webhook_deliveries where endpoint_id = $1 and state = 'delivered' limit 1`,
      [endpointId],
    );

    // The background reads the active API keys.
    await expectBounded(2 * LIVE_KEYS, async () => {
      await page(`calls/${open}/bundle`);
      await repeatedly(async () => {
        expect((await service.app.nest.get(DeliveryService).ofCall(callSid)).length).toBeGreaterThan(0);
      });
    });
  });

  it('the load of providers reads only open calls', async () => {
    await expectBounded(OPEN_CALLS + 10, () => repeatedly(() => openCallsByProvider(service.database)));
    await expectBounded(OPEN_CALLS + 10, () => page('dry-run?callerId=1001&calleeId=2000'));
    await expectBounded(OPEN_CALLS + 10, () => page('dry-run?callerId=user-550000&calleeId=user-550001'));
  });

  it('acquiring a dial slot reads only the provider’s open calls', async () => {
    const callSid = await anOpenCall();
    const limits = { callsPerSecond: 1_000, callsAtOnce: 10_000 };

    await expectBounded(OPEN_CALLS + 10, () => acquireDialSlot(service.database, callSid, { name: ELSEWHERE, limits }));
  });

  it('a catch-up for a provider reads only open calls', async () => {
    await openAtNoProvider('1 day');
    const catchUp = new CatchUp(
      service.database,
      { all: [{ name: 'gone' }] } as unknown as ProviderRegistry,
      service.app.nest.get<Logger>(LOGGER),
      service.app.nest.get(ChangeFeed),
    );

    await expectBounded(3 * OPEN_CALLS, async () => {
      catchUp.onApplicationBootstrap();
      await catchUp.beforeApplicationShutdown();
    });

    const due = `select 1 from call_records where provider = 'gone' and state < 4 and sweep_at <= clock_timestamp()`;
    expect((await service.database.query<unknown[]>(due)).length).toBeGreaterThan(100);
  });

  it('placing a call with a key, replaying it and canceling it reads only its own rows', async () => {
    await fillWithKeys(service);
    const calls = backend(service);

    // Concurrent delivery jobs read the waiting ones.
    await expectBounded(10 * PENDING_CALLS, () =>
      repeatedly(async () => {
        const body = { caller: { phone: newPhone() }, callee: { userId: '550000' } };
        const key = `key ${body.caller.phone}`;
        const { status, body: call } = await calls.place(body, key);
        expect(status).toBe(201);
        expect((await calls.place(body, key)).headers.get('idempotent-replayed')).toBe('true');
        expect((await calls.ask('POST', `/${String(call.callSid)}/cancel`)).status).toBe(200);
      }),
    );
    // Other tests count the waiting deliveries.
    await service.database.query(
      'delete from webhook_deliveries where call_sid in (select call_sid from call_records where placed_by is not null)',
    );
  });

  it('neither calls nor metrics read what waits for a disabled endpoint', async () => {
    const calls = backend(service);
    const place = async (): Promise<void> => {
      const { status } = await calls.place({ caller: { phone: newPhone() }, callee: { userId: '550000' } });
      expect(status).toBe(201);
    };
    // The plans of these statements are made while little waits, and stay in use.
    await repeatedly(place);
    const gone = await waitingForDisabled(5_000);

    await expectBounded(1_000, () => repeatedly(place));
    await expectBounded(1_000, () => repeatedly(() => lookAtWaitingDeliveries(service.database)));

    // Other tests count the endpoints and the waiting deliveries.
    await service.database.query('delete from webhook_deliveries where endpoint_id = $1', [gone]);
    await service.database.query('delete from webhook_endpoint where id = $1', [gone]);
    await service.database.query(
      'delete from webhook_deliveries where call_sid in (select call_sid from call_records where placed_by is not null)',
    );
  });

  it('placing a call within limits, and refusing one, reads only its own rows', async () => {
    await fillWithCounts(service);
    const limits = { ...NO_LIMITS, perCallee: [{ calls: 5, seconds: 300 }], oneCallPerCallee: true };
    const ofCallers = {
      ...limits,
      perCaller: [{ calls: 6, seconds: 60 }],
      calleesPerCaller: [{ calls: 50, seconds: 86_400 }],
      oneCallPerCallee: false,
    };
    const ofLine = { ...NO_LIMITS, lineCallsAtOnce: 3 };
    const line = newPhone();
    const taken = newPhone();

    await expectBounded(50, async () => {
      await repeatedly(() => storeCall(service.database, { calleePhone: newPhone(), limits: ofCallers }));
      await expect(
        repeatedly(() => storeCall(service.database, { calleePhone: line, limits: ofCallers })),
      ).rejects.toBeInstanceOf(LimitSpent);
      await repeatedly(() => storeCall(service.database, { calleePhone: taken, limits }));
      await repeatedly(() => storeCall(service.database, { serviceLineId: '99', calleePhone: line, limits: ofLine }));
      await repeatedly(() => busyNumbers(service.database, [line, taken, newPhone()], '99', '1'));
    });

    await service.database.query('delete from call_records where callee_phone like $1', ['+861390%']);
  });

  it('the rules that freeze users read the calls of those who have called just now, and of nobody else', async () => {
    const freezeRules = {
      newCountries: { count: 3, seconds: 86_400 },
      refusals: { count: 100, seconds: 3_600 },
      shortCalls: { count: 30, seconds: 3_600 },
      rate: 5,
    };
    const { nest } = service.app;
    const watch = new FreezeWatch(
      service.database,
      nest.get(AuditTrail),
      { freezeRules, phoneRegion: 'CN' },
      nest.get<Logger>(LOGGER),
    );
    const callers = 20;
    for (let n = 0; n < callers; n++) await storeCall(service.database, { callerId: String(5_000_000 + n) });

    await expectBounded(4 * callers + 50, () => watch.look());

    const own = 'select call_sid from call_records where caller_id between 5000000 and 5000100';
    await service.database.query(`delete from webhook_deliveries where call_sid in (${own})`);
    await service.database.query(`delete from call_records where call_sid in (${own})`);
  });

  it('settling reads only calls that are not settled, and the removal of old costs only old ones', async () => {
    await service.database.query(
      `insert into call_cost (call_sid, reserved, settled, prices, budgets, subjects, period_starts)
       select left($1, 15) || lpad(n::text, 17, '0'), 5, 5, '{}', '{1}', '{""}', array[now()] from generate_series(1, 50000) n`,
      [newCallSid(daysAgo(1))],
    );

    await expectBounded(50, () => service.app.nest.get(Settling, { strict: false }).look());
    await expectBounded(50, () => removeOldCosts(service.database));

    await service.database.query('delete from call_cost');
  });

  it('removing what no rate counts reads only a batch at a time', async () => {
    await fillWithCounts(service);

    await expectBounded(A_BATCH_OF_KEYS, () => service.app.nest.get(OldRowRemoval, { strict: false }).remove());
  });

  it('removing old idempotency keys reads only old keys, in batches', async () => {
    await fillWithKeys(service);

    await expectBounded(A_BATCH_OF_KEYS, () => service.app.nest.get(OldRowRemoval, { strict: false }).remove());
  });

  it('a sweep reads only open calls, in batches', async () => {
    await openAtNoProvider('-1 second');

    await expectBounded(4 * 100, () => repeatedly(() => service.app.nest.get(Sweeper).sweep()));
  });
});
