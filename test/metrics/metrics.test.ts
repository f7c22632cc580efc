/** What a Prometheus sees of calls, by deltas: the counters are the process's, and other files count in it too. */
import { watchStatements } from '../support/watched-statements.js';
import { placeCall } from '../support/placed-call.js';
import { createProxiedDatabase } from '../support/proxied-database.js';
import { readScrape, scrape, type Scrape } from '../support/scraped-metrics.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { METRICS_PORT: '0', WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' } });
});
afterAll(() => service.close());

const look = (): Promise<Scrape> => scrape(service.app.metricsUrl);

const isOver = async (callerId: string, callSid: string): Promise<boolean> =>
  (await service.ask(callerId, `callState/${callSid}`)).data?.stateType === '4';

/** @returns how much a metric grew from before the call to after its end */
const growthBy = async (callerId: string, calleeId: string) => {
  const before = await look();
  const { data } = await service.ask(callerId, `call/${calleeId}`);
  if (data?.callSid !== undefined) await waitFor('the end', () => isOver(callerId, data.callSid!));
  const after = await look();
  return (name: string, labels: Record<string, string> = {}): number =>
    after.sum(name, { provider: 'simulator', ...labels }) - before.sum(name, { provider: 'simulator', ...labels });
};

it('a completed call is counted at its dial, its webhooks and its end, with its times', async () => {
  const growth = await growthBy('1004', '2000');

  expect(growth('ringback_dials_total', { outcome: 'accepted', category: '' })).toBe(1);
  expect(growth('ringback_provider_request_duration_seconds_count', { operation: 'dial', outcome: 'accepted' })).toBe(
    1,
  );
  expect(growth('ringback_webhooks_received_total', { outcome: 'stored' })).toBe(4);
  expect(growth('ringback_webhook_lag_seconds_count')).toBe(4);
  expect(growth('ringback_calls_ended_total', { end_reason: 'completed', fault: 'none' })).toBe(1);
  expect(growth('ringback_call_post_dial_delay_seconds_count')).toBe(1);
  expect(growth('ringback_call_time_to_answer_seconds_count')).toBe(1);
  expect(growth('ringback_call_talk_seconds_count')).toBe(1);
  // The simulator runs 100 times as fast: a talk of 10 s takes 0.1 s.
  expect(growth('ringback_call_talk_seconds_sum')).toBeGreaterThan(0.05);
});

it.each([
  ['2001', 'busy', 'callee', 'whose phone did not even ring'],
  ['2003', 'rejected', 'callee', 'whose phone rang'],
  ['2005', 'no_answer', 'caller', 'who did not pick up'],
  ['2006', 'failed', 'provider', 'which refused the dial'],
])('a call of %s that ends as %s is the fault of the %s, %s', async (calleeId, endReason, fault) => {
  const growth = await growthBy('1005', calleeId);

  expect(growth('ringback_calls_ended_total')).toBe(1);
  expect(growth('ringback_calls_ended_total', { end_reason: endReason, fault })).toBe(1);
  expect(growth('ringback_call_time_to_answer_seconds_count')).toBe(0);
  expect(growth('ringback_call_talk_seconds_count')).toBe(0);
});

it('the ends of a provider are there before the first call, so that the first lost call is an increase', async () => {
  expect((await look()).samples).toContainEqual({
    name: 'ringback_calls_ended_total',
    labels: { provider: 'simulator', end_reason: 'lost', fault: 'provider' },
    // Zero at the start of a process. Other files of this process may have lost a call since.
    value: expect.any(Number) as unknown,
  });
});

it('the last event of a provider is that of a genuine webhook, and not that of a forged one', async () => {
  const lastEvent = async () =>
    (await look()).sum('ringback_provider_last_event_timestamp_seconds', { provider: 'simulator' });
  const before = await lastEvent();
  await fetch(`${service.url}/v1/webhooks/simulator`, { method: 'POST', body: '{}' });
  expect(await lastEvent()).toBe(before);

  await growthBy('1011', '2001');

  const after = await lastEvent();
  expect(after).toBeGreaterThan(before);
  expect(after).toBeLessThanOrEqual(Date.now() / 1_000);
});

it('webhooks that come twice are stored once', async () => {
  const growth = await growthBy('1009', '2010');

  await waitFor('the last of them', async () => {
    const all = (await look()).sum('ringback_webhooks_received_total', { provider: 'simulator', outcome: 'repeated' });
    return all > 0;
  });
  expect(growth('ringback_webhooks_received_total', { outcome: 'stored' })).toBe(4);
  expect(growth('ringback_webhook_lag_seconds_count')).toBe(4);
});

it('deliveries to an endpoint that is removed or disabled do not wait', async () => {
  const closed = (await (
    await service.admin('POST', 'webhook-endpoints', { url: 'http://127.0.0.1:49999/closed' })
  ).json()) as { id: string };
  await service.ask('1010', 'call/2001');
  const pending = () => look().then((seen) => seen.sum('ringback_deliveries_pending'));
  await waitFor('a delivery to wait', async () => (await pending()) > 0);

  await service.admin('PATCH', `webhook-endpoints/${closed.id}`, { enabled: false });
  await waitFor('none to wait', async () => (await pending()) === 0);
  expect((await look()).sum('ringback_endpoints_disabled', { by: 'administrator' })).toBe(1);
  expect((await look()).sum('ringback_endpoints_disabled', { by: 'ringback' })).toBe(0);
  expect((await look()).sum('ringback_delivery_oldest_pending_age_seconds')).toBe(0);

  await service.admin('DELETE', `webhook-endpoints/${closed.id}`);
  await waitFor('none to be disabled', async () => (await look()).sum('ringback_endpoints_disabled') === 0);
  expect(await pending()).toBe(0);
});

it('a refused dial is counted with its category', async () => {
  const growth = await growthBy('1006', '2007');

  expect(growth('ringback_dials_total', { outcome: 'refused', category: 'bad_account' })).toBe(1);
  expect(growth('ringback_provider_request_duration_seconds_count', { operation: 'dial', outcome: 'refused' })).toBe(1);
});

it('a canceled call is the fault of the caller, and is open until then', async () => {
  const callSid = await placeCall(service, '1007', '2013');
  // A look is kept for some seconds; this one may be older than the call.
  await waitFor('the call among the open ones', async () => (await look()).sum('ringback_calls_open') === 1);
  const before = await look();

  await service.ask('1007', `callCancel/${callSid}`);

  const grown = async (name: string, labels: Record<string, string>) =>
    (await look()).sum(name, labels) - before.sum(name, labels);
  // It may have been answered by now: then its end is completed, and nobody's fault.
  expect(await grown('ringback_calls_ended_total', { provider: 'simulator' })).toBe(1);
  expect(
    await grown('ringback_provider_request_duration_seconds_count', { operation: 'hang_up', outcome: 'taken' }),
  ).toBe(1);
});

it('a state poll is counted where it is answered, and a long poll is open and has no duration', async () => {
  const route = '/v1/app/callState/:callSid';
  const callSid = await placeCall(service, '1008', '2013');
  const token = await service.token('1008');
  const before = await look();
  await service.ask('1008', `callState/${callSid}`);

  const poll = fetch(`${service.url}/v1/app/callState/${callSid}?afterNumber=1000000&wait=1&access_token=${token}`);
  await waitFor('the long poll', async () => (await look()).sum('ringback_waiting_clients') === 1);
  expect((await poll).status).toBe(200);
  await waitFor('its end', async () => (await look()).sum('ringback_waiting_clients') === 0);

  const polled = { method: 'GET', route };
  await waitFor('both to be counted', async () => {
    const after = await look();
    return after.sum('ringback_http_requests_total', polled) - before.sum('ringback_http_requests_total', polled) === 2;
  });
  const durations = 'ringback_http_request_duration_seconds_count';
  expect((await look()).sum(durations, polled) - before.sum(durations, polled)).toBe(1);
  await service.ask('1008', `callCancel/${callSid}`);
});

it('strangers make no time series: unknown paths, methods, providers and tokens', async () => {
  const stranger = async (number: number): Promise<void> => {
    const canary = `canary${number}`;
    await fetch(`${service.url}/${canary}`, { method: number % 2 ? 'PROPFIND' : 'GET' });
    await fetch(`${service.url}/v1/app/call/${canary}?access_token=${canary}`, { method: 'DELETE' });
    await fetch(`${service.url}/v1/app/call/${canary}?access_token=${canary}`);
    await fetch(`${service.url}/v1/webhooks/${canary}`, { method: 'POST', body: canary });
    await fetch(`${service.url}/v1/webhooks/simulator`, { method: 'POST', body: canary });
  };
  await stranger(1);
  await stranger(2);
  const before = await look();

  for (let number = 3; number < 20; number++) await stranger(number);

  const after = await look();
  const named = (all: Scrape) => all.samples.map(({ name, labels }) => `${name}${JSON.stringify(labels)}`).sort();
  const ours = (names: string[]) => names.filter((name) => name.startsWith('ringback_'));
  expect(ours(named(after))).toEqual(ours(named(before)));
  expect(JSON.stringify(after)).not.toContain('canary');
  expect(after.samples.filter(({ labels }) => labels.method?.includes(','))).toEqual([]);
  expect(after.sum('ringback_http_requests_total', { route: 'none', method: 'any' })).toBeGreaterThan(0);
  expect(after.sum('ringback_webhooks_received_total', { outcome: 'forged' })).toBeGreaterThan(0);
});

it('a crowd that reads the metrics costs the database one look a second', async () => {
  await look();
  const looks: string[] = [];
  const endWatch = watchStatements(service.database, (name) => {
    if (name === 'open-calls') looks.push(name);
  });
  const began = performance.now();
  await Promise.all(Array.from({ length: 50 }, look)).finally(endWatch);
  const seconds = Math.ceil((performance.now() - began) / 1_000);

  expect(looks.length).toBeLessThanOrEqual(seconds);
});

it('only /metrics is there, for GET and HEAD', async () => {
  const url = service.app.metricsUrl!;
  const status = async (path: string, method: string) => (await fetch(new URL(path, url), { method })).status;

  expect(await status('/metrics', 'HEAD')).toBe(200);
  expect(await status('/metrics', 'POST')).toBe(404);
  expect(await status('/v1/admin/users', 'GET')).toBe(404);
  expect((await fetch(url)).headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await (await fetch(`${service.url}/metrics`)).json()).toMatchObject({ returnCode: 404 });
});

it('without the database, the metrics say so and go on', async () => {
  const database = await createProxiedDatabase();
  const cut = await startTestApp({ databaseUrl: database.url, environment: { METRICS_PORT: '0' } });
  database.proxy.mode = 'cut';

  const without = await waitFor('the loss', async () => {
    const seen = await scrape(cut.app.metricsUrl);
    return seen.sum('ringback_database_up') === 0 ? seen : null;
  });

  expect(without.samples.map(({ name }) => name)).not.toContain('ringback_calls_open');
  expect(without.samples.map(({ name }) => name)).not.toContain('ringback_deliveries_pending');
  expect(without.samples.map(({ name }) => name)).toContain('ringback_http_requests_total');
  database.proxy.mode = 'pass';
  await cut.close();
  await database.drop();
});

it('a text that Prometheus cannot read is noticed by these tests', () => {
  expect(() => readScrape('a b c')).toThrow('no sample of Prometheus');
  expect(readScrape('# HELP a b\n# TYPE a counter\na{x="1"} 2\n').sum('a', { x: '1' })).toBe(2);
});
