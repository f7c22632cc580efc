/** Jobs are added only for changes that an endpoint is told of. */
import { startTestApp, type TestApp } from '../support/test-app.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { waitFor } from '../support/wait-for.js';
import { watchStatements } from '../support/watched-statements.js';

let service: TestApp;
let nextCaller = 1010;

beforeAll(async () => {
  service = await startTestApp({ environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' } });
});
beforeEach(() => service.database.query('truncate webhook_endpoint cascade'));
afterAll(() => service.close());

/** The statements of a call from its request to its end, by name. */
const statementsOfCall = async (): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>();
  const unwatch = watchStatements(service.database, (name) => counts.set(name, (counts.get(name) ?? 0) + 1));
  const callerId = String(nextCaller++);
  const { data } = await service.ask(callerId, 'call/2000');
  await waitFor('the end', async () => {
    const { data: state } = await service.ask(callerId, `callState/${data?.callSid ?? ''}`);
    return state?.stateType === '4';
  });
  unwatch();
  return counts;
};

const newEndpoint = async (more: object = {}): Promise<string> => {
  const { id } = await registerEndpoint(service, { url: 'http://127.0.0.1:9000/hook', ...more });
  return id;
};

it('none without an endpoint', async () => {
  const counts = await statementsOfCall();

  expect(counts.get('apply-call-event')).toBeGreaterThan(2);
  expect(counts.get('add-jobs')).toBeUndefined();
});

it('none for an endpoint that is disabled, or that is told of other changes', async () => {
  await newEndpoint({ eventTypes: ['call.amended'] });
  const disabled = await newEndpoint();
  await service.database.query(
    `update webhook_endpoint set disabled_at = now(), disabled_reason = 'gone' where id = $1`,
    [disabled],
  );

  expect((await statementsOfCall()).get('add-jobs')).toBeUndefined();
});

it('some for an endpoint from its first change on', async () => {
  await newEndpoint({ eventTypes: ['call.requested'] });

  expect((await statementsOfCall()).get('add-jobs')).toBe(1);
});
