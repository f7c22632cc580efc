import { migrate } from '../../src/database/migrate.js';
import { queryDatabase } from '../support/database-query.js';
import { endOf, REPOSITORY, startNode } from '../support/node-process.js';
import { describeWithPgBouncer, startPgBouncer, type PgBouncer } from '../support/pgbouncer.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

const emptied = async (pooler: PgBouncer): Promise<PgBouncer> => {
  await queryDatabase(
    pooler.directUrl,
    'drop schema public, graphile_worker cascade; create schema public; select 1 as one',
  );
  return pooler;
};

const tables = (pooler: PgBouncer) =>
  queryDatabase(pooler.directUrl, `select from pg_class where relnamespace = 'public'::regnamespace`);

describeWithPgBouncer('PgBouncer with its default pool_mode = session', () => {
  let pooler: PgBouncer;
  let receiver: WebhookReceiver;
  let service: TestApp;

  beforeAll(async () => {
    pooler = await emptied(await startPgBouncer([]));
    await migrate(pooler.url);
    receiver = await startWebhookReceiver();
    service = await startTestApp({
      databaseUrl: pooler.url,
      environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' },
    });
  });
  afterAll(async () => {
    await service.close();
    await receiver.close();
    await pooler.close();
  });

  it('carries calls and delivers their changes', async () => {
    await registerEndpoint(service, { url: receiver.url });

    const { data } = await service.ask('1004', 'call/2000');
    const polled = await service.ask('1004', `callState/${data!.callSid!}?after=3&wait=25`);

    expect(polled.data?.stateType).toBe('4');
    await waitFor('all changes to be delivered', () => receiver.accepted(data?.callSid).length === 4);
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
  });

  it('passes on the settings that connections rely on', async () => {
    const [setting] = await service.database.query<object[]>(`select current_setting('statement_timeout') as limit,
      current_setting('enable_seqscan') as scans, current_setting('search_path') as path, current_setting('DateStyle') as dates`);

    expect(setting).toEqual({ limit: '10s', scans: 'off', path: 'public', dates: 'ISO, MDY' });
  });

  it('refuses options of DATABASE_URL, and the error says what to do', async () => {
    const url = `${pooler.url}&options=${encodeURIComponent('-c work_mem=8MB')}`;

    await expect(migrate(url)).rejects.toThrow(
      /^The database cannot be reached: .*options.*ignore_startup_parameters = options/,
    );
  });
});

describeWithPgBouncer('a start on PgBouncer that pools', () => {
  it.each([
    ['transactions', ['pool_mode = transaction']],
    ['transactions over one connection', ['pool_mode = transaction', 'default_pool_size = 1']],
    ['transactions round-robin', ['pool_mode = transaction', 'server_round_robin = 1', 'default_pool_size = 2']],
    ['statements', ['pool_mode = statement']],
  ])('%s is refused, and nothing is migrated', async (_what, settings) => {
    const pooler = await emptied(await startPgBouncer(settings));
    try {
      await expect(migrate(pooler.url)).rejects.toThrow(
        /^The pooler between Ringback and the database shares one session among several clients .* pool_mode = session /,
      );
      expect(await tables(pooler)).toEqual([]);
    } finally {
      await pooler.close();
    }
  });

  it('transactions is refused while other clients use it', async () => {
    const pooler = await startPgBouncer(['pool_mode = transaction']);
    const done = new AbortController();
    const others = Promise.all(
      Array.from({ length: 3 }, async () => {
        while (!done.signal.aborted) await queryDatabase(pooler.url, 'select 1');
      }),
    );
    try {
      for (let start = 0; start < 5; start++) await expect(migrate(pooler.url)).rejects.toThrow('pool_mode = session');
    } finally {
      done.abort();
      await others;
      await pooler.close();
    }
  });

  it.each([
    [1, '1 session'],
    [4, '4 sessions'],
  ])('only %i sessions is refused with the needed number', async (size, given) => {
    const pooler = await startPgBouncer([`default_pool_size = ${size}`]);
    try {
      await expect(migrate(pooler.url)).rejects.toThrow(
        new RegExp(`gave ${given} in time\\. A process needs at least 5, and DATABASE_POOL_SIZE \\+ 4 under load`),
      );
    } finally {
      await pooler.close();
    }
  });

  it('transactions ends the migration program with exit code 1', async () => {
    const pooler = await startPgBouncer(['pool_mode = transaction']);
    try {
      const migrating = startNode(`${REPOSITORY}/dist/src/database/migrate.js`, [], {
        environment: { DATABASE_URL: pooler.url },
      });

      const { code, complaint } = await endOf(migrating);

      expect([code, complaint]).toEqual([1, expect.stringContaining('pool_mode = session')]);
    } finally {
      await pooler.close();
    }
  });
});
