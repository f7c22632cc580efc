/** What PostgreSQL reads for one call in a database of many months: the pages of one partition, also by kept plans. */
import { Client } from 'pg';
import { partitionByMonth } from '../support/many-calls.js';
import { explainEverything, recordPlans, type PlanRecorder, type RecordedPlan } from '../support/recorded-plans.js';
import { openStream } from '../support/event-stream.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

const MONTHS = 40;

let testDatabase: TestDatabase;
let service: TestApp;
let recorder: PlanRecorder;
let plans: readonly RecordedPlan[];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const client = new Client({ connectionString: testDatabase.url });
  await client.connect();
  const query = async (text: string, values?: unknown[]) => (await client.query(text, values)).rows as unknown;
  await partitionByMonth({ query } as never, MONTHS);
  await client.end();
  await explainEverything(testDatabase.url);
  service = await startTestApp({ databaseUrl: testDatabase.url, environment: { DATABASE_POOL_SIZE: '1' } });
  recorder = await recordPlans(service.database);
  // The first call makes the plans, and the second one uses them.
  await placeAndFollow('1004');
  recorder.take();
  await placeAndFollow('1005');
  plans = recorder.take();
});
afterAll(async () => {
  await service.close();
  await testDatabase.drop();
});

/** A call from its placing to its end, with its stream, and a poll that is not answered from memory. */
const placeAndFollow = async (callerId: string): Promise<void> => {
  const { data } = await service.ask(callerId, 'call/2000');
  const callSid = data!.callSid!;
  const stream = await openStream(
    `${service.url}/v1/app/callState/${callSid}/stream?access_token=${await service.token(callerId)}`,
    { 'last-event-id': '0' },
  );
  await stream.ended;
  await service.ask(callerId, `callState/${'0'.repeat(32)}`);
  await waitFor('the end', async () => (await service.ask(callerId, `callState/${callSid}`)).data?.stateType === '4');
};

/** With an index page or more in each partition, each would read more than 40. */
it.each([
  ['the state of a call', /^select .* state, changes as number from call_records/, 12],
  ['the changes of a call', /^select event\.call_sid as "callSid"/, 30],
])('%s', (_, text, most) => {
  const found = plans.filter((plan) => text.test(plan.text));

  expect(found.length).toBeGreaterThan(0);
  for (const { buffers } of found) expect(buffers).toBeLessThanOrEqual(most);
});

it('placing a call and applying its events reads no page of another month', () => {
  const found = plans.filter(({ text }) => /^with (?:line|given) as/.test(text));

  expect(found.length).toBeGreaterThan(3);
  for (const { text, buffers } of found)
    expect([text.slice(0, 12), buffers, buffers <= 150]).toEqual([text.slice(0, 12), buffers, true]);
});
