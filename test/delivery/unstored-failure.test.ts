/** A job failure that cannot be stored may stop graphile-worker's runner without an event. Deliveries must continue. */
import { Client } from 'pg';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

let database: TestDatabase;
let other: Client;
let service: TestApp;
let receiver: WebhookReceiver;

beforeAll(async () => {
  database = await createTestDatabase();
  other = new Client({ connectionString: database.url });
  await other.connect();
  service = await startTestApp({
    databaseUrl: database.url,
    environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' },
  });
  receiver = await startWebhookReceiver();
});
afterAll(async () => {
  await service.close();
  await receiver.close();
  await other.end();
  await database.drop();
});

const WAITING = `from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock' and query like '%webhook_deliveries%'`;

/** Refuses to store the first job failure, and no later one. */
const REFUSE_FAILURE = `
create sequence failures;
create function refuse_first_failure() returns trigger language plpgsql as $$
begin
  if nextval('failures') = 1 then raise exception 'not now'; end if;
  return new;
end $$;
create trigger refuse_first_failure before update on graphile_worker._private_jobs
  for each row when (new.last_error is distinct from old.last_error) execute function refuse_first_failure();
`;

const IN_FLIGHT = 3;

it('deliveries continue after the failure of a job could not be stored while other jobs were in flight', async () => {
  const deliver = (endpointId: number, callSid: string) =>
    other.query(`select graphile_worker.add_job('deliver', $1::json)`, [
      JSON.stringify({ endpointId: String(endpointId), callSid }),
    ]);
  await other.query(REFUSE_FAILURE);
  const holder = new Client({ connectionString: database.url });
  await holder.connect();
  await holder.query('begin; lock table webhook_deliveries in access exclusive mode');
  for (let i = 1; i <= IN_FLIGHT; i++) await deliver(i, `1609051016092548000103060024304${i}`);
  await waitFor(
    'the jobs to be in flight',
    async () => (await other.query(`select ${WAITING}`)).rowCount === IN_FLIGHT,
  );

  await deliver(9, 'malformed');
  await waitFor('its failure to be refused', async () => {
    const { rows } = await other.query<{ is_called: boolean }>('select is_called from failures');
    return rows[0]?.is_called;
  });
  // One after the other, so that each failure is stored by itself.
  for (let left = IN_FLIGHT; left > 0; left--) {
    await other.query(`select pg_cancel_backend((select pid ${WAITING} limit 1))`);
    await waitFor('its end', async () => {
      const { rows } = await other.query<{ last_value: string }>('select last_value from failures');
      return Number(rows[0]?.last_value) > IN_FLIGHT - left + 1;
    });
  }
  await holder.query('commit');
  await holder.end();

  await registerEndpoint(service, { url: receiver.url });
  const { data } = await service.ask('1004', 'call/2000');

  await waitFor('all changes to be delivered', () => receiver.accepted(data?.callSid).length === 4, 20_000);
});
