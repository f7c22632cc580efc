/** DATABASE_URL through PgBouncer with `pool_mode = transaction`, and DATABASE_DIRECT_URL without it. */
import { checkPooler } from '../../src/database/pooler-check.js';
import { queryDatabase } from '../support/database-query.js';
import { endOf, REPOSITORY, startNode } from '../support/node-process.js';
import {
  describeWithNewPgBouncer,
  describeWithPgBouncer,
  fetchNewPgBouncer,
  startPgBouncer,
  type PgBouncer,
} from '../support/pgbouncer.js';
import { startTestApp, TEST_KEYS, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

const TRANSACTIONS = 'pool_mode = transaction';

const missing = await fetchNewPgBouncer();

/** The statements in the error, which an operator copies. */
const statementsIn = (complaint: string): string[] => complaint.match(/alter role .*;/g) ?? [];

/** Empty if it is not refused. */
const refusalOf = async (pooler: PgBouncer): Promise<string> => {
  const error: unknown = await checkPooler(pooler.url, pooler.directUrl).catch((reason: unknown) => reason);
  return error instanceof Error ? error.message : '';
};

/** Ends the pooler's sessions, so that new ones have the current defaults. */
const endSessions = (pooler: PgBouncer) =>
  queryDatabase(
    pooler.directUrl,
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and application_name not like 'ringback %'`,
  );

describeWithNewPgBouncer(missing, 'PgBouncer that pools transactions', () => {
  let pooler: PgBouncer;
  let defaults: string[];

  beforeAll(async () => {
    pooler = await startPgBouncer([TRANSACTIONS, 'default_pool_size = 4'], true);
    defaults = statementsIn(await refusalOf(pooler));
  });
  afterAll(() => pooler.close());

  it('is refused until the role has the defaults that requests rely on', async () => {
    expect(defaults).toEqual([
      expect.stringMatching(/^alter role \w+ in database \w+ set enable_seqscan = 'off';$/),
      expect.stringMatching(/^alter role \w+ in database \w+ set plan_cache_mode = 'force_generic_plan';$/),
      expect.stringMatching(/^alter role \w+ in database \w+ set search_path = 'public';$/),
      expect.stringMatching(/^alter role \w+ in database \w+ set statement_timeout = '10000';$/),
    ]);
  });

  it('ends the start with one sentence while the defaults are missing', async () => {
    const { code, complaint } = await endOf(
      startNode(`${REPOSITORY}/dist/src/main.js`, [], {
        environment: {
          DATABASE_URL: pooler.url,
          DATABASE_DIRECT_URL: pooler.directUrl,
          JWT_SECRET: TEST_SECRET,
          SUB_ACCOUNT_KEYS: TEST_KEYS,
          SIMULATOR: 'true',
          PORT: '0',
        },
      }),
    );

    expect([code, statementsIn(complaint)]).toEqual([1, defaults]);
  });

  it('is refused when DATABASE_DIRECT_URL leads to another database', async () => {
    const other = new URL(pooler.directUrl);
    other.pathname = '/postgres';

    await expect(checkPooler(pooler.url, other.href)).rejects.toThrow(/has to lead to the database of DATABASE_URL/);
  });

  describe('with these defaults', () => {
    let receiver: WebhookReceiver;
    let one: TestApp;
    let other: TestApp;

    beforeAll(async () => {
      await queryDatabase(pooler.directUrl, defaults.join(''));
      await endSessions(pooler);
      // PgBouncer may hand out an ended session once more, before it reads that it has ended.
      await waitFor('a new session', () =>
        checkPooler(pooler.url, pooler.directUrl).then(
          () => true,
          () => false,
        ),
      );
      receiver = await startWebhookReceiver();
      const replica = {
        databaseUrl: pooler.url,
        environment: { DATABASE_DIRECT_URL: pooler.directUrl, WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' },
      };
      one = await startTestApp(replica);
      other = await startTestApp(replica);
      await registerEndpoint(one, { url: receiver.url });
    });
    afterAll(async () => {
      await one.close();
      await other.close();
      await receiver.close();
      await queryDatabase(
        pooler.directUrl,
        defaults.map((statement) => statement.replace(/set (\w+) .*/, 'reset $1;')).join(''),
      );
      // Sessions keep the defaults that they began with.
      await endSessions(pooler);
      await waitFor('sessions without the defaults', async () => statementsIn(await refusalOf(pooler)).length > 0);
    });

    it('carries calls, and their changes reach all replicas and webhooks', async () => {
      const { data } = await one.ask('1004', 'call/2000');
      const polled = await other.ask('1004', `callState/${data!.callSid!}?after=3&wait=25`);

      expect(polled.data?.stateType).toBe('4');
      await waitFor('all changes to be delivered', () => receiver.accepted(data?.callSid).length === 4);
      expect((await fetch(`${other.url}/health/ready`)).status).toBe(200);
    });

    it('carries many concurrent calls over fewer sessions than the pools have connections', async () => {
      const callers = Array.from({ length: 60 }, (_, index) => String(500_000 + index));
      await one.admin('PUT', 'users', { users: callers.map((id) => ({ id, name: id, phone: '13800138000' })) });
      for (const id of callers) {
        const account = { externalId: id, secret: id };
        expect((await one.admin('PUT', `users/${id}/sub-accounts/simulator`, account)).ok).toBe(true);
      }

      // Half as many at a time as the pools have connections. A request that waits too long for a connection is refused,
      // and a busy machine needs seconds for twenty requests over four sessions.
      const waiting = callers.values();
      const ended = await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const [placing, watching] = index % 2 === 0 ? [one, other] : [other, one];
          const states: unknown[] = [];
          for (const id of waiting) {
            const { data, ...refusal } = await placing.ask(id, 'callService');
            const polled = data && (await watching.ask(id, `callState/${data.callSid!}?after=3&wait=60`));
            states.push(polled?.data?.stateType ?? polled ?? refusal);
          }
          return states;
        }),
      );

      expect(ended.flat()).toEqual(callers.map(() => '4'));
    });

    it('has the settings that requests rely on in new sessions', async () => {
      await endSessions(pooler);

      const [setting] = await waitFor('a session', () =>
        one.database
          .query<object[]>(
            `select current_setting('statement_timeout') as limit, current_setting('enable_seqscan') as scans,
               current_setting('search_path') as path, current_setting('DateStyle') as dates, current_setting('TimeZone') as zone`,
          )
          .catch(() => null),
      );

      expect(setting).toEqual({ limit: '10s', scans: 'off', path: 'public', dates: 'ISO, MDY', zone: 'UTC' });
    });
  });

  it('without prepared statements is refused', async () => {
    const withoutStatements = await startPgBouncer([TRANSACTIONS, 'max_prepared_statements = 0'], true);
    try {
      expect(await refusalOf(withoutStatements)).toMatch(
        /^The pooler .* loses prepared statements\. .* since version 1\.21/,
      );
    } finally {
      await withoutStatements.close();
    }
  });
});

describeWithPgBouncer('PgBouncer before 1.21 that pools', () => {
  it.each([
    ['transactions', [TRANSACTIONS], /loses prepared statements\. PgBouncer keeps them since version 1\.21/],
    ['transactions round-robin', [TRANSACTIONS, 'server_round_robin = 1'], /loses prepared statements/],
    ['transactions over one session', [TRANSACTIONS, 'default_pool_size = 1'], /loses prepared statements/],
    ['statements', ['pool_mode = statement'], /shares one session among several clients/],
  ])('%s is refused with DATABASE_DIRECT_URL too', async (_what, settings, expected) => {
    const pooler = await startPgBouncer(settings);
    try {
      expect(await refusalOf(pooler)).toMatch(expected);
    } finally {
      await pooler.close();
    }
  });

  it('sessions is accepted', async () => {
    const pooler = await startPgBouncer([]);
    try {
      await checkPooler(pooler.url, pooler.directUrl);
    } finally {
      await pooler.close();
    }
  });
});
