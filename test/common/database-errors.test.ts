/** A failed statement does not put its parameters into logs or replies, for several causes of failure. */
import { PassThrough } from 'node:stream';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const NAME = 'Canary-Name';
const PHONE = '13812340077';
const SECRET = 'canary-secret-71c2';
const CANARIES = [NAME, '12340077', SECRET];

let service: TestApp;
let written = '';

beforeAll(async () => {
  const logTo = new PassThrough();
  logTo.on('data', (chunk: Buffer) => (written += chunk.toString()));
  service = await startTestApp({ environment: { LOG_LEVEL: 'trace' }, logTo });
  await service.database.query(`
    create function reject_row() returns trigger language plpgsql as $$
      begin perform (to_jsonb(new)::text)::bigint; return new; end
    $$
  `);
});
afterAll(() => service.close());

const TABLES = ['app_user', 'service_line', 'sub_account', 'call_records'];

const forAll = (statement: (table: string) => string): string => TABLES.map(statement).join(';');

/** Ways to make statements fail, and to undo that. */
const FAILURES: [how: string, fail: string, undo: string][] = [
  [
    'the tables are gone (class 42)',
    forAll((table) => `alter table ${table} rename to ${table}_gone`),
    forAll((table) => `alter table ${table}_gone rename to ${table}`),
  ],
  [
    'a constraint is violated (class 23)',
    forAll((table) => `alter table ${table} add constraint never check (false) not valid`),
    forAll((table) => `alter table ${table} drop constraint never`),
  ],
  [
    'a value cannot be read (class 22)',
    forAll(
      (table) => `create trigger reject before insert or update on ${table} for each row execute function reject_row()`,
    ),
    forAll((table) => `drop trigger reject on ${table}`),
  ],
];

const requests = (): Promise<Response>[] => [
  service.admin('POST', 'users', { id: '7001', name: NAME, phone: PHONE }),
  service.admin('PATCH', 'users/1004', { name: NAME, phone: PHONE }),
  service.admin('PUT', 'users', { users: [{ id: '7001', name: NAME, phone: PHONE }] }),
  service.admin('POST', 'service-lines', { name: NAME, phone: PHONE, open: true, position: 1 }),
  service.admin('PUT', 'users/1004/sub-accounts/simulator', { externalId: NAME, secret: SECRET }),
  service.admin('GET', `calls?phone=${PHONE}`),
  service.admin('GET', `dry-run?callerId=1001&phone=${PHONE}`),
];

it.each(FAILURES)('when %s, neither log nor reply contains the statement’s parameters', async (_, fail, undo) => {
  await service.database.query(fail);
  let replies: Response[];
  try {
    replies = await Promise.all(requests());
  } finally {
    await service.database.query(undo);
  }

  // A request that succeeds may show an admin the requested number.
  const failed = replies.filter(({ status }) => status === 500);
  const texts = await Promise.all(failed.map((reply) => reply.text()));
  expect(failed.length).toBeGreaterThanOrEqual(5);
  for (const reply of failed) {
    const id = String(reply.headers.get('x-request-id'));
    await waitFor('its line', () =>
      written.split('\n').some((line) => line.includes(id) && line.includes('"error":{')),
    );
  }
  for (const canary of CANARIES) {
    expect(written).not.toContain(canary);
    expect(texts.join('\n')).not.toContain(canary);
  }
});

it('the log has the SQLSTATE, the table and the constraint of a failed statement', async () => {
  await service.database.query(`alter table app_user add constraint of_this_case check (false) not valid`);
  try {
    await service.admin('POST', 'users', { id: '7002', name: NAME, phone: PHONE });
  } finally {
    await service.database.query('alter table app_user drop constraint of_this_case');
  }

  const line = () => written.split('\n').find((one) => one.includes('"constraint":"of_this_case"'));
  await waitFor('the line', () => line() !== undefined);
  expect(JSON.parse(line()!)).toMatchObject({ error: { type: 'QueryFailedError', code: '23514', table: 'app_user' } });
});
