/**
 * A real Prometheus scrapes three replicas while calls end in every way. Each query of the dashboards must have data, and
 * each alert must be evaluated without an error and read series that exist.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FAILURES_IN_A_ROW } from '../../../src/telephony/provider-circuit.js';
import { checkMetrics, describeWithPrometheus, startPrometheus, type Prometheus } from '../../support/prometheus.js';
import { AUDIENCE, IdentityProvider, makeKey } from '../../support/identity-provider.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';
import { REPOSITORY } from '../repository.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { twilioSettings } from '../../support/twilio-call.js';
import { waitFor } from '../../support/wait-for.js';
import { registerEndpoint } from '../../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { readAlerts, readDashboards } from './shipped.js';

/** Nothing listens there. */
const CLOSED = 'http://127.0.0.1:9';

/** The callees of the simulator: a talk, busy, rejected, two refusals, and webhooks that come twice. */
const CALLEES = ['2000', '2001', '2003', '2006', '2007', '2010'];
/** The dial fails with an unknown outcome, which the sweeper settles after some seconds. */
const DIAL_FAILS = '2009';
/** Who places such calls: one after the other, because each of them has an open call for a while. */
const CALLERS_OF_FAILING_DIALS = Array.from({ length: 30 }, (_, index) => String(1020 + index));

const DASHBOARDS = [...(await readDashboards()).values()];
/** A busy machine misses scrapes of three replicas, and a rate needs two of them. */
const DATA_LIMIT_MS = 60_000;

const ALERTS = await readAlerts();

/** What Grafana replaces in a query. The interval is longer than this test, so that it has all that has happened. */
const asSent = (expression: string): string =>
  expression.replaceAll(/\$(?:provider|instance)/g, '.*').replaceAll('$__rate_interval', '5m');

describeWithPrometheus('a real Prometheus with the shipped configuration', () => {
  let database: TestDatabase;
  /** With the simulator, with a Twilio that does not answer, and with an identity provider. */
  let replicas: [TestApp, TestApp, TestApp];
  let identityProvider: IdentityProvider;
  let accepting: WebhookReceiver;
  let gone: WebhookReceiver;
  let broken: WebhookReceiver;
  let prometheus: Prometheus;
  let isOver = false;
  let traffic: Promise<void>;

  const hasData = async (expression: string): Promise<boolean> => (await prometheus.query(expression)).length > 0;

  const callUntilItEnds = async (service: TestApp, callerId: string, calleeId: string): Promise<void> => {
    const { data } = await service.ask(callerId, `call/${calleeId}`);
    const callSid = data?.callSid;
    if (callSid === undefined) return;
    const state = async () => (await service.ask(callerId, `callState/${callSid}`)).data?.stateType;
    await waitFor('the end of the call', async () => (await state()) === '4', DATA_LIMIT_MS);
  };

  const placeCalls = async ([simulated, cutOff]: [TestApp, TestApp, TestApp]): Promise<void> => {
    // A rate is an increase from one scrape to a later one. After the last of these calls, none waits for a slot at Twilio
    // and no request is sent there.
    await callUntilItEnds(cutOff, '1005', '2000');
    await waitFor('a scrape of the first', () => hasData('ringback_dial_slot_wait_seconds_count'), DATA_LIMIT_MS);
    for (let failures = 1; failures <= FAILURES_IN_A_ROW; failures++) await callUntilItEnds(cutOff, '1005', '2000');
    for (let round = 0; !isOver; round++) {
      for (const calleeId of CALLEES) await callUntilItEnds(simulated, '1004', calleeId);
      await callUntilItEnds(cutOff, '1005', '2000');
      const failing = CALLERS_OF_FAILING_DIALS[round % CALLERS_OF_FAILING_DIALS.length]!;
      await simulated.ask(failing, `call/${DIAL_FAILS}`);
    }
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    accepting = await startWebhookReceiver();
    gone = await startWebhookReceiver();
    gone.replyWith(() => 410);
    broken = await startWebhookReceiver();
    broken.replyWith(() => 'cut');
    identityProvider = new IdentityProvider();
    identityProvider.keys = [await makeKey('ES256', 'one')];
    const JWT_JWKS_URI = await identityProvider.listen();
    const replica = (environment: Record<string, string>): Promise<TestApp> =>
      startTestApp({
        databaseUrl: database.url,
        environment: { METRICS_PORT: '0', SWEEP_EVERY: '0.2', WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8', ...environment },
      });
    replicas = [
      await replica({}),
      await replica({ ...twilioSettings(CLOSED), TWILIO_CALLS_PER_SECOND: '1000', TWILIO_SHARES_ACCOUNT: 'true' }),
      await replica({ JWT_JWKS_URI, JWT_AUDIENCE: AUDIENCE }),
    ];
    for (const { url } of [accepting, gone, broken]) await registerEndpoint(replicas[0], { url });
    prometheus = await startPrometheus(replicas.map(({ app }) => new URL(app.metricsUrl ?? '').host));
    traffic = placeCalls(replicas);
  });
  afterAll(async () => {
    isOver = true;
    await traffic;
    await prometheus.close();
    await Promise.all(replicas.map((replica) => replica.close()));
    await Promise.all([identityProvider, accepting, gone, broken].map((server) => server.close()));
    await database.drop();
  });

  it('scrapes every replica', async () => {
    const areUp = async () => (await prometheus.query('up{job="ringback"} == 1')).length === 3;
    await waitFor('three replicas', areUp, DATA_LIMIT_MS);
  });

  it.each(DASHBOARDS.map(({ title, panels }) => ({ title, panels })))(
    'has data for each query of $title',
    async ({ panels }) => {
      for (const { title, targets } of panels) {
        for (const { expr } of targets)
          await waitFor(`data for ${title}: ${expr}`, () => hasData(asSent(expr)), DATA_LIMIT_MS);
      }
    },
  );

  it('has data for each figure of telephony that the page about metrics defines', async () => {
    const page = await readFile(join(REPOSITORY, 'docs/metrics.md'), 'utf8');
    const figures = [...page.matchAll(/^\| (ASR|NER|ACD|PDD) \| `(.+?)` \|/gm)];

    expect(figures).toHaveLength(4);
    for (const [, name = '', expression = ''] of figures)
      await waitFor(`data for ${name}`, () => hasData(expression), DATA_LIMIT_MS);
  });

  it('gets metrics whose names and forms promtool accepts', async () => {
    for (const { app } of replicas) await checkMetrics(await (await fetch(app.metricsUrl ?? '')).text());
  });

  it('has data for the variables of the dashboards', async () => {
    const queries = DASHBOARDS.flatMap(({ templating }) => templating.list.map(({ query }) => query.query));
    const read = queries.map((query) => /^label_values\((\w+), (\w+)\)$/.exec(query)!);

    // A scrape that fails ends all series until the next one.
    for (const [, metric = '', label = ''] of read) {
      const hasLabel = async () => (await prometheus.query(metric)).some((series) => label in series.metric);
      await waitFor(`${label} of ${metric}`, hasLabel);
    }
  });

  it('evaluates every alert without an error', async () => {
    const evaluated = await waitFor('all evaluations', async () => {
      const alerts = await prometheus.alerts();
      return alerts.every(({ health }) => health !== 'unknown') && alerts;
    });

    const faults = evaluated.filter(({ health }) => health !== 'ok');
    expect(faults).toEqual([]);
    expect(evaluated.map(({ name }) => name).sort()).toEqual(ALERTS.map(({ alert }) => alert).sort());
  });

  it.each(ALERTS.map(({ alert, expr }) => ({ alert, expr })))('has the series that $alert reads', async ({ expr }) => {
    const selectors = [...expr.matchAll(/\b(?:ringback_\w+|up)\b(?:\{[^}]*\})?/g)].map(([selector]) => selector);

    expect(selectors.length).toBeGreaterThan(0);
    for (const selector of selectors) await waitFor(`series of ${selector}`, () => hasData(selector), DATA_LIMIT_MS);
  });

  it('has an alert that is pending: an endpoint has answered 410', async () => {
    await waitFor('the alert', () => hasData('ALERTS{alertname="RingbackEndpointDisabled", alertstate="pending"}'));
  });
});
