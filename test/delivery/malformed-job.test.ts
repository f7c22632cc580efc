/** Jobs come from the database, also from another version or added by hand. */
import { Writable } from 'node:stream';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { endedTestCall } from '../support/test-call.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';

const lines: string[] = [];
const log = new Writable({
  write(chunk: Buffer, _encoding, done) {
    lines.push(chunk.toString());
    done();
  },
});

let service: TestApp;
let receiver: WebhookReceiver;

beforeAll(async () => {
  service = await startTestApp({
    environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8', LOG_LEVEL: 'warn' },
    logTo: log,
  });
  receiver = await startWebhookReceiver();
  await registerEndpoint(service, { url: receiver.url });
});
afterAll(async () => {
  await service.close();
  await receiver.close();
});

const CALL_SID = '16090510160925480001030600243044';

const MALFORMED = {
  deliver: [
    null,
    5,
    'text',
    [],
    [{ endpointId: '1', callSid: CALL_SID }],
    {},
    { endpointId: '1' },
    { endpointId: 1, callSid: CALL_SID },
    { endpointId: '0', callSid: CALL_SID },
    { endpointId: '9223372036854775808', callSid: CALL_SID },
    { endpointId: '1', callSid: 'abc' },
    { endpointId: '1', callSid: { of: CALL_SID } },
    { endpoint: '1', call: CALL_SID },
  ],
  resume: [null, 5, 'text', [], {}, { endpointId: 1 }, { endpointId: 'x' }, { endpoint: '1' }],
};

const CASES = Object.entries(MALFORMED).flatMap(([task, payloads]) =>
  payloads.map((payload) => ({ task, payload: JSON.stringify(payload) })),
);

it.each(CASES)(
  '$task $payload fails, is logged, waits for a retry, and stops no other job',
  async ({ task, payload }) => {
    const [{ id }] = await service.database.query<[{ id: string }]>(
      'select (graphile_worker.add_job($1, $2::json)).id',
      [task, payload],
    );

    const job = await waitFor('the failure', async () => {
      const [row] = await service.database.query<{ attempts: number; last_error: string; waits: boolean }[]>(
        `select attempts, last_error, run_at > created_at + interval '2 seconds' as waits
       from graphile_worker.jobs where id = $1 and locked_at is null and attempts > 0`,
        [id],
      );
      return row;
    });

    expect(job).toMatchObject({ waits: true, last_error: expect.stringMatching(/^The job's payload is malformed: /) });
    const logged = lines.filter((line) => line.includes(`task ${id} (${task}`));
    expect(logged.length).toBeGreaterThan(0);
    for (const line of logged) expect(line).toContain('payload is malformed');
    const callSid = await endedTestCall(service);
    await waitFor('four deliveries', () => receiver.accepted(callSid).length === 4);
    await service.database.query('select graphile_worker.complete_jobs(array[$1::bigint])', [id]);
  },
);
