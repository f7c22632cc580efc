/** The rooms of the audit on its table: removal in batches, pages that examine few entries, and orders. */
import { DataSource } from 'typeorm';
import { AuditLog } from '../../src/audit/audit-log.service.js';
import { listEntries } from '../../src/audit/list-entries.js';
import { Places } from '../../src/audit/places.js';
import { AppError } from '../../src/common/error-table.js';
import { AN_AUTHOR, auditOf } from '../support/author.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let testDatabase: TestDatabase;
let database: DataSource;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  database = await new DataSource({ type: 'postgres', url: testDatabase.url }).initialize();
});
afterEach(async () => {
  await database.destroy();
  await testDatabase.drop();
});

const auditLog = (): AuditLog => new AuditLog(database, { auditDays: 400 }, new Places(1, 1_000));

/** The process does not stop. */
const NEVER = new AbortController().signal;

const entries = (count: number, age: string, subject = '1001'): Promise<unknown> =>
  database.query(
    `insert into audit_entry (at, subject, action, route, target, address, request_id)
     select now() - $2::interval - n * interval '1 millisecond', $3, 'changeUser', 'PATCH /', 'user:' || n, '::1', 'r'
     from generate_series(1, $1::integer) n`,
    [count, age, subject],
  );

const subjects = async (): Promise<string[]> =>
  (await database.query<{ subject: string }[]>('select distinct subject from audit_entry order by 1')).map(
    ({ subject }) => subject,
  );

describe('old entries', () => {
  it('are removed after AUDIT_DAYS, in several batches', async () => {
    await entries(1_201, '400 days', 'old');
    await entries(3, '399 days', 'kept');

    await auditLog().forget(NEVER);

    expect(await subjects()).toEqual(['kept']);
  });

  it('are kept when the process stops, for the next run', async () => {
    await entries(1, '400 days', 'old');

    const forgetting = auditLog().forget(AbortSignal.abort(new Error('stops')));

    await expect(forgetting).rejects.toThrow('stops');
    expect(await subjects()).toEqual(['old']);
  });
});

it('a page of few matches examines a limited number of entries, and the next one goes on', async () => {
  await entries(1, '2 days', 'rare');
  await entries(25, '1 day');
  const filter = { action: 'changeUser', subject: 'rare' };
  await database.query(`update audit_entry set action = 'other' where subject = 'rare'`);
  await entries(1, '3 days', 'rare');
  const found: string[] = [];
  let pages = 0;

  for (let after: string | undefined, isLast = false; !isLast; pages++) {
    const page = await listEntries(database, { ...filter, target: 'user:1' }, { after, limit: 2 }, 1);
    found.push(...page.items.map(({ subject }) => subject));
    after = page.next ?? undefined;
    isLast = page.next === null;
  }

  expect(found).toEqual(['rare']);
  expect(pages).toBeGreaterThan(2);
});

describe('an order to a provider', () => {
  const outcomes = async (): Promise<unknown[]> =>
    (await database.query<{ after: unknown }[]>('select after from audit_entry')).map(({ after }) => after);

  it('has its entry before it is sent, and the outcome afterwards', async () => {
    let during: unknown;

    await auditOf(database).order(
      AN_AUTHOR,
      'call:1',
      async () => {
        during = await outcomes();
        return 'canceled';
      },
      (outcome) => outcome,
    );

    expect(during).toEqual([{ outcome: 'unknown' }]);
    expect(await outcomes()).toEqual([{ outcome: 'canceled' }]);
  });

  it('that the provider refuses keeps its entry, with the code of the refusal', async () => {
    const refusal = new AppError('CANCEL_REFUSED');

    const order = auditOf(database).order(AN_AUTHOR, 'call:1', () => Promise.reject(refusal), String);

    await expect(order).rejects.toBe(refusal);
    expect(await outcomes()).toEqual([{ outcome: 'CANCEL_REFUSED' }]);
  });

  it('is not sent when it cannot be recorded', async () => {
    await database.query('drop table audit_entry');
    let isSent = false;

    const order = auditOf(database).order(
      AN_AUTHOR,
      'call:1',
      async () => {
        isSent = true;
      },
      String,
    );

    await expect(order).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(isSent).toBe(false);
  });
});
