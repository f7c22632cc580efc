/** The statements of docs/database.md, and the error of a start when one of them is missing. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate } from '../../src/database/migrate.js';
import { checkPooler } from '../../src/database/pooler-check.js';
import { queryDatabase } from '../support/database-query.js';
import { endOf, REPOSITORY, startNode, type Ending } from '../support/node-process.js';
import { startTestApp, TEST_KEYS, TEST_SECRET } from '../support/test-app.js';
import { serverUrl } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver } from '../support/webhook-receiver.js';

/** Roles belong to the whole server, which other tests use too. */
const SUFFIX = randomBytes(6).toString('hex');
const OWNER = `owner_${SUFFIX}`;
const SERVICE = `service_${SUFFIX}`;
const DATABASE = `ringback_roles_${SUFFIX}`;

const urlFor = (role: string, database = DATABASE): string => {
  const url = new URL(serverUrl());
  url.username = role;
  url.pathname = `/${database}`;
  return url.href;
};

const asOwner = (statement: string) => queryDatabase(urlFor(OWNER), statement);

/** The page's SQL blocks, with this test's names. */
const statementsOfPage = async (): Promise<string[]> => {
  const page = await readFile(join(REPOSITORY, 'docs/database.md'), 'utf8');
  return [...page.matchAll(/```sql\n([^`]*)```/g)].map(([, sql = '']) =>
    sql
      .replaceAll('ringback_owner', OWNER)
      .replaceAll('ringback_service', SERVICE)
      .replace('create database ringback', `create database ${DATABASE}`),
  );
};

const program = (script: string, role: string): Promise<Ending> =>
  endOf(
    startNode(join(REPOSITORY, 'dist/src', script), [], {
      environment: {
        DATABASE_URL: urlFor(role),
        HOST: '127.0.0.1',
        PORT: '0',
        JWT_SECRET: TEST_SECRET,
        SUB_ACCOUNT_KEYS: TEST_KEYS,
        SIMULATOR: 'true',
      },
    }),
  );

const complaintOf = async (role: string): Promise<string> => {
  try {
    await migrate(urlFor(role));
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
};

let grants: string;

beforeAll(async () => {
  const [roles, granted] = await statementsOfPage();
  grants = granted!;
  for (const statement of roles!.split(/;\n/)) if (statement) await queryDatabase(serverUrl(), statement);
  expect((await program('database/migrate.js', OWNER)).complaint).toBe('');
  // The queue's tables have policies. With this default of its role, the service could not read them.
  await queryDatabase(serverUrl(), `alter role ${SERVICE} set row_security = off`);
});
afterAll(async () => {
  await queryDatabase(serverUrl(), `drop database ${DATABASE} with (force)`);
  await queryDatabase(serverUrl(), `drop role ${SERVICE}; drop role ${OWNER}`);
});

it('the role of DATABASE_URL is checked in addition to that of DATABASE_DIRECT_URL', async () => {
  const checked = () => checkPooler(urlFor(SERVICE), urlFor(OWNER));
  await asOwner(`revoke all on schema graphile_worker from ${SERVICE}`);
  await expect(checked()).rejects.toThrow(
    /lacks rights that the service needs[^]*grant usage on schema graphile_worker/,
  );

  await asOwner(grants);

  await checked();
});

describe('a role that may only read and write rows', () => {
  beforeEach(() => asOwner(grants));

  it('can start the service without migrations, and deliver changes to a webhook endpoint', async () => {
    expect(await migrate(urlFor(SERVICE))).toEqual([]);
    const receiver = await startWebhookReceiver();
    const service = await startTestApp({
      databaseUrl: urlFor(SERVICE),
      environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' },
    });
    try {
      await registerEndpoint(service, { url: receiver.url });

      const { data } = await service.ask('1004', 'call/2000');

      const changes = await waitFor('all changes to be delivered', () => {
        const accepted = receiver.accepted(data?.callSid);
        return accepted.at(-1)?.change.type === 'call.over' && accepted;
      });
      expect(changes.map(({ change }) => change.type)).toEqual([
        'call.requested',
        'call.ringing',
        'call.answered',
        'call.over',
      ]);
      expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    } finally {
      await service.close();
      await receiver.close();
    }
  });

  it.each([
    [
      'a policy',
      `drop policy ${SERVICE} on graphile_worker._private_jobs`,
      `create policy ${SERVICE} on graphile_worker._private_jobs to ${SERVICE} using (true) with check (true);`,
    ],
    [
      'rights on the queue’s tables',
      `revoke all on all tables in schema graphile_worker from ${SERVICE}`,
      `grant select, insert, update, delete on graphile_worker._private_job_queues, graphile_worker._private_jobs, `,
    ],
    [
      'the queue’s schema',
      `revoke all on schema graphile_worker from ${SERVICE}`,
      `grant usage on schema graphile_worker to ${SERVICE};`,
    ],
    [
      'the schema of our tables',
      `revoke all on schema public from public, ${SERVICE}`,
      `grant usage on schema public to ${SERVICE};`,
    ],
    [
      'the queue’s sequences',
      `revoke all on all sequences in schema graphile_worker from ${SERVICE}`,
      `grant usage, select, update on sequence graphile_worker.`,
    ],
    [
      'the queue’s functions',
      'revoke execute on all functions in schema graphile_worker from public',
      'grant execute on function graphile_worker.add_job(',
    ],
    [
      'a function of ours',
      'revoke execute on function webhook_add_jobs(text[]) from public',
      `grant execute on function webhook_add_jobs(text[]) to ${SERVICE};`,
    ],
    [
      'rights on our tables',
      `revoke all on all tables in schema public from ${SERVICE}`,
      'grant select, insert, update, delete on public.api_key, public.app_user, public.audit_entry, public.budget, ',
    ],
    [
      'the right to delete from one of our tables',
      `revoke delete on webhook_attempts from ${SERVICE}`,
      `grant select, insert, update, delete on public.webhook_attempts to ${SERVICE};`,
    ],
    [
      'a policy on one of our tables',
      'alter table call_records enable row level security',
      `create policy ${SERVICE} on public.call_records to ${SERVICE} using (true) with check (true);`,
    ],
  ])('that lacks %s is refused with the statement that fixes it', async (_what, revoke, statement) => {
    await asOwner(revoke);

    const complaint = await complaintOf(SERVICE);

    expect(complaint).toContain('The role of DATABASE_URL lacks rights that the service needs.');
    expect(complaint).toContain(statement);
    await asOwner(complaint.slice(complaint.indexOf('\n')));
    expect(await complaintOf(SERVICE)).toBe('none');
  });

  it('that lacks some rights cannot start the service', async () => {
    await asOwner(`drop policy ${SERVICE} on graphile_worker._private_jobs`);

    const { code, complaint } = await program('main.js', SERVICE);

    expect(code).toBe(1);
    expect(complaint).toContain(`create policy ${SERVICE} on graphile_worker._private_jobs`);
  });

  it('is refused when migrations are missing, which it may not run', async () => {
    const [last] = (await asOwner(
      'delete from migrations where id = (select max(id) from migrations) returning *',
    )) as {
      timestamp: string;
      name: string;
    }[];
    try {
      expect(await complaintOf(SERVICE)).toMatch(
        /^Migrations are missing, and the role of DATABASE_URL may not run them \(.*\)\. Run `node dist\/src\/database\/migrate\.js` as the role that owns/,
      );
    } finally {
      await asOwner(`insert into migrations (timestamp, name) values (${last!.timestamp}, '${last!.name}')`);
    }
  });

  it.each([
    ['without defaults', ''],
    ['with a default', `alter default privileges in schema public grant select on tables to ${SERVICE};`],
  ])('may write the tables of a migration at once, as the triggers of calls do, %s', async (_what, allowing) => {
    const defaults = 'select defaclacl::text from pg_default_acl';
    await asOwner(
      `${allowing} drop trigger call_record_is_counted on call_records; drop function call_end_to_count;
       drop table statistics_progress, end_to_count, call_statistics; delete from migrations where name like 'KeepStatistics%'`,
    );
    const before = await asOwner(defaults);

    expect(await migrate(urlFor(OWNER))).toHaveLength(1);

    const rights = ['select', 'insert', 'update', 'delete'];
    const [may] = await asOwner(
      `select ${rights.map((right) => `has_table_privilege('${SERVICE}', 'end_to_count', '${right}') as ${right}_it`).join(', ')}`,
    );
    expect(may).toEqual(Object.fromEntries(rights.map((right) => [`${right}_it`, true])));
    expect(await asOwner(defaults)).toEqual(before);
    await asOwner(`alter default privileges in schema public revoke all on tables from ${SERVICE}`);
  });

  it('is refused in the same way on an empty database', async () => {
    const empty = `${DATABASE}_empty`;
    await queryDatabase(serverUrl(), `create database ${empty} owner ${OWNER}`);
    try {
      await expect(migrate(urlFor(SERVICE, empty))).rejects.toThrow('Migrations are missing, and the role');
    } finally {
      await queryDatabase(serverUrl(), `drop database ${empty} with (force)`);
    }
  });
});
