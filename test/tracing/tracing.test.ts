/** Traces as a collector gets them from processes of their own, and what is loaded where there is no collector. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, request as requestByHttp, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { context } from '@opentelemetry/api';
import { issueToken } from '../../src/auth/token-issuer.js';
import { createLogger } from '../../src/common/logger.js';
import { inSpan, traceWith } from '../../src/common/tracing.js';
import { readConfig } from '../../src/config/config.js';
import { readKeyRing } from '../../src/config/key-ring.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { seedDemoDirectory } from '../../src/directory/demo-directory.js';
import { startTracing } from '../../src/tracing/start-tracing.js';
import { collectedLog } from '../support/collected-log.js';
import { freePort } from '../support/free-port.js';
import { endOf, PROCESS_LIMIT_MS, REPOSITORY, startNode, type Ending } from '../support/node-process.js';
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.js';
import { startSimulator, type SimulatorProcess } from '../support/simulator-process.js';
import { TEST_KEYS, TEST_SECRET, type Envelope } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { WITHOUT_LIMITS } from '../support/without-limits.js';

const CLIENT_TRACE = '0af7651916cd43dd8448eb211c80319c';
const CLIENT_SPAN = 'b7ad6b7169203331';
const CLIENT_PARENT = `00-${CLIENT_TRACE}-${CLIENT_SPAN}-01`;
const BACKEND_TRACE = '5f8a2d0c4b6e49d7a3b1c2d3e4f50617';
const BACKEND_PARENT = `00-${BACKEND_TRACE}-${CLIENT_SPAN}-01`;

let database: TestDatabase;
let sql: DataSource;
let collector: OtlpReceiver;
let backend: WebhookReceiver;
let simulator: SimulatorProcess;
let wayToSimulator: Server;
const sentToProvider: (string | undefined)[] = [];
let webhookPort: number;
const running: Replica[] = [];

interface Replica {
  readonly url: string;
  readonly child: ChildProcess;
  readonly ending: Promise<Ending>;
}

const startReplica = async (environment: Record<string, string> = {}, port = 0): Promise<Replica> => {
  const child = startNode(join(REPOSITORY, 'dist/src/main.js'), [], {
    environment: {
      HOST: '127.0.0.1',
      PORT: String(port),
      DATABASE_URL: database.url,
      JWT_SECRET: TEST_SECRET,
      SUB_ACCOUNT_KEYS: TEST_KEYS,
      DRAIN_SECONDS: '0',
      SIMULATOR: 'true',
      ...WITHOUT_LIMITS,
      WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8',
      ...simulator.environment,
      SIMULATOR_URL: `http://127.0.0.1:${(wayToSimulator.address() as AddressInfo).port}`,
      ...environment,
    },
  });
  const ending = endOf(child);
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const url = await Promise.race([
    waitFor('it to listen', () => /"url":"(http:[^"]+)"/.exec(said)?.[1], PROCESS_LIMIT_MS),
    ending.then(({ complaint }) => {
      throw new Error(`it ended: ${complaint}`);
    }),
  ]);
  const replica = { url, child, ending };
  running.push(replica);
  return replica;
};

const stop = async (replica: Replica): Promise<Ending> => {
  running.splice(running.indexOf(replica), 1);
  replica.child.kill('SIGTERM');
  return replica.ending;
};

const config = readConfig({
  DATABASE_URL: 'postgresql://host/database',
  JWT_SECRET: TEST_SECRET,
  SUB_ACCOUNT_KEYS: TEST_KEYS,
  SIMULATOR: 'true',
});
const tokenOf = (userId: string, scope?: string): Promise<string> =>
  issueToken(TEST_SECRET, { userId, lifetimeSeconds: 600, ...(scope !== undefined && { scope }) }, config);

const ask = async ({ url }: Replica, userId: string, path: string, traceparent?: string): Promise<Envelope> => {
  const headers = {
    authorization: `Bearer ${await tokenOf(userId)}`,
    ...(traceparent !== undefined && { traceparent }),
  };
  return (await (await fetch(`${url}/v1/app/${path}`, { headers })).json()) as Envelope;
};

const admin = async <T>({ url }: Replica, method: string, path: string, body?: object): Promise<T> => {
  const headers = { authorization: `Bearer ${await tokenOf('1001', 'admin')}`, 'content-type': 'application/json' };
  const response = await fetch(`${url}/v1/admin/${path}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
};

/** The numbers of the delivered changes, without their repeats. */
const delivered = (callSid: string): number => new Set(backend.accepted(callSid).map(({ id }) => id)).size;

/** @returns its callSid */
const placeByBackend = async ({ url }: Replica, traceparent: string): Promise<string> => {
  const response = await fetch(`${url}/v1/calls`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await tokenOf('9001', 'calls:write')}`,
      'content-type': 'application/json',
      traceparent,
    },
    body: JSON.stringify({ caller: { userId: '1010' }, callee: { userId: '2000' } }),
  });
  return ((await response.json()) as { callSid: string }).callSid;
};

let endpointId: string | undefined;

/** Registers the backend once. @returns the id of its endpoint */
const endpointAt = async (replica: Replica): Promise<string> => {
  const url = `${backend.url}?canary=query`;
  endpointId ??= (await admin<{ id: string }>(replica, 'POST', 'webhook-endpoints', { url })).id;
  return endpointId;
};

/** @returns its callSid, when it is over and delivered */
const completeCall = async (replica: Replica, userId: string, traceparent?: string): Promise<string> => {
  await endpointAt(replica);
  const { data } = await ask(replica, userId, 'call/2000', traceparent);
  await waitFor('four deliveries', () => delivered(data?.callSid ?? '') === 4, 20_000);
  return data!.callSid!;
};

/** @returns the callSid of a call that its caller has canceled */
const cancelCall = async (replica: Replica, userId: string): Promise<string> => {
  const { data } = await ask(replica, userId, 'call/2013');
  const canceled = await ask(replica, userId, `callCancel/${data!.callSid!}`);
  expect(canceled.data?.isSuccess).toBe('success');
  return data!.callSid!;
};

const traceParentOf = async (callSid: string): Promise<string | null> => {
  const [row] = await sql.query<{ trace_parent: string | null }[]>(
    'select trace_parent from call_records where call_sid = $1',
    [callSid],
  );
  return row!.trace_parent;
};

beforeAll(async () => {
  database = await createTestDatabase();
  sql = await new DataSource(dataSourceOptions(database.url, 2)).initialize();
  await seedDemoDirectory(sql, readKeyRing(TEST_KEYS));
  collector = await startOtlpReceiver();
  backend = await startWebhookReceiver();
  webhookPort = await freePort();
  simulator = await startSimulator({ targets: [`http://127.0.0.1:${webhookPort}/v1/webhooks/simulator`] });
  wayToSimulator = createServer((request, response) => {
    if (request.method === 'POST') sentToProvider.push(request.headers.traceparent as string | undefined);
    const { method, headers, url = '' } = request;
    const onward = requestByHttp(simulator.url + url, { method: method!, headers }, (reply) => {
      response.writeHead(reply.statusCode!, reply.headers);
      reply.pipe(response);
    });
    request.pipe(onward);
  });
  await once(wayToSimulator.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  await Promise.all(running.slice().map(stop));
  await simulator.stop();
  wayToSimulator.closeAllConnections();
  wayToSimulator.close();
  await backend.close();
  await collector.close();
  await sql.destroy();
  await database.drop();
});

describe('with a collector', () => {
  let callSid: string;
  let otherCallSid: string;
  let canceledCallSid: string;
  let backendCallSid: string;
  let bundle: { traceId: string | null; ofThisReplica: { logLines: readonly Record<string, unknown>[] } };
  let placing: Ending;
  let instances: number;

  beforeAll(async () => {
    const traced = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-collector-key=a%20canary%20key',
    };
    const one = await startReplica(traced);
    const two = await startReplica(traced, webhookPort);
    callSid = await completeCall(one, '1004', CLIENT_PARENT);
    bundle = await admin(one, 'GET', `calls/${callSid}/bundle`);
    otherCallSid = await completeCall(one, '1005', '00-not-a-traceparent-01');
    canceledCallSid = await cancelCall(one, '1008');
    await fetch(`${one.url}/v1/app/call/2000`, { headers: { traceparent: CLIENT_PARENT } });
    // One replica has the state in memory, the other reads it.
    for (const replica of [one, two]) {
      const polled = await ask(replica, '1004', `callState/${callSid}`, CLIENT_PARENT);
      expect(polled.data?.stateType).toBe('4');
    }
    backendCallSid = await placeByBackend(two, BACKEND_PARENT);
    await fetch(`${two.url}/v1/webhooks/simulator`, {
      method: 'POST',
      body: '{}',
      headers: { traceparent: CLIENT_PARENT },
    });
    placing = await stop(one);
    await stop(two);
    instances = new Set(collector.spans.map(({ instance }) => instance)).size;

    // Later, another process that knows of the call what is in the database.
    const three = await startReplica(traced, webhookPort);
    const { length } = backend.received;
    await admin(three, 'POST', `webhook-endpoints/${await endpointAt(three)}/redeliver`, { callSid, number: 4 });
    await waitFor('it to be delivered again', () => backend.received.length > length, 20_000);
    await stop(three);
  });

  /** Each once. */
  const valuesOf = (spans: typeof collector.spans, name: string, attribute: string): string[] => [
    ...new Set(
      spans
        .filter((span) => span.name === name)
        .map(({ attributes }) => JSON.stringify(attributes.find(({ key }) => key === attribute))),
    ),
  ];

  const spansOf = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId);

  it('a call is one trace over replicas and later processes, from the client’s span to its last delivery', () => {
    const spans = spansOf(CLIENT_TRACE);
    const ids = new Set([CLIENT_SPAN, ...spans.map(({ spanId }) => spanId)]);

    expect(spans.filter(({ parentSpanId }) => !ids.has(parentSpanId ?? ''))).toEqual([]);
    expect(spans.filter(({ parentSpanId }) => parentSpanId === CLIENT_SPAN).map(({ name }) => name)).toEqual([
      'place call',
    ]);
    const names = spans.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'statement find-parties',
        'statement open-call',
        'dial simulator',
        'statement apply-call-event',
        'statement claim-delivery',
        'transaction settle-delivery',
      ]),
    );
    // A provider repeats a webhook that is answered late, and so does Ringback.
    expect(names.filter((name) => name === 'webhook simulator').length).toBeGreaterThanOrEqual(4);
    expect(valuesOf(spans, 'apply event', 'ringback.event')).toHaveLength(5);
    expect(valuesOf(spans, 'deliver', 'ringback.change_number')).toHaveLength(4);
    expect(names.filter((name) => name === 'deliver').length).toBeGreaterThanOrEqual(5);
    expect(instances).toBe(2);
    expect(new Set(spans.map(({ instance }) => instance)).size).toBe(3);
  });

  it('no span belongs to no call, whatever strangers and clients send', () => {
    const others = collector.spans.filter(
      ({ attributes }) => !attributes.some(({ key }) => key === 'ringback.call_sid'),
    );
    expect([...new Set(others.map(({ name }) => name.split(' ')[0]))]).toEqual(['statement']);
    expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(4);
  });

  it('an invalid traceparent is ignored, and the call has a trace of its own', async () => {
    const parent = await traceParentOf(otherCallSid);
    expect(parent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(spansOf(parent!.split('-')[1]!).length).toBeGreaterThan(10);
  });

  it('a state poll makes no span, also if its client traces and its state must be read', () => {
    const ofClient = spansOf(CLIENT_TRACE).filter(({ parentSpanId }) => parentSpanId === CLIENT_SPAN);
    expect(ofClient).toHaveLength(1);
  });

  it('a call that a backend places is in the backend’s trace, with the look for the parties', async () => {
    expect(await traceParentOf(backendCallSid)).toMatch(new RegExp(`^00-${BACKEND_TRACE}-`));
    const spans = spansOf(BACKEND_TRACE);
    const placing = spans.find(({ name }) => name === 'place call');
    expect(placing?.parentSpanId).toBe(CLIENT_SPAN);
    const within = spans.filter(({ parentSpanId }) => parentSpanId === placing?.spanId).map(({ name }) => name);
    expect(within).toEqual(expect.arrayContaining(['statement find-named-parties', 'statement open-call']));
  });

  it('a cancel belongs to the trace of its call', async () => {
    const parent = await traceParentOf(canceledCallSid);
    const spans = spansOf(parent!.split('-')[1]!);
    const cancel = spans.find(({ name }) => name === 'cancel call');
    expect(cancel?.parentSpanId).toBe(parent!.split('-')[2]);
    expect(spans.find(({ name }) => name === 'hang_up simulator')?.parentSpanId).toBe(cancel?.spanId);
  });

  it('provider and backend get the traceparent of the span that sends to them', () => {
    const idsOf = (name: string) =>
      spansOf(CLIENT_TRACE)
        .filter((span) => span.name === name)
        .map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`);
    expect(sentToProvider).toContain(idsOf('dial simulator')[0]);
    const sent = backend.received.filter(({ id }) => id.startsWith(callSid)).map(({ headers }) => headers.traceparent);
    expect(sent.sort()).toEqual(idsOf('deliver').sort());
  });

  it('the bundle and the log have the trace’s id', () => {
    expect(bundle.traceId).toBe(CLIENT_TRACE);
    const lines = bundle.ofThisReplica.logLines;
    expect(lines.find(({ msg }) => msg === 'call requested')).toMatchObject({ callSid, traceId: CLIENT_TRACE });
    expect(placing.output).toMatch(
      new RegExp(`"traceId":"${CLIENT_TRACE}","callSid":"${callSid}"[^\\n]*"msg":"request"`),
    );
  });

  it('the collector gets what the protocol has, and nothing else', () => {
    expect(collector.faults).toEqual([]);
    expect(collector.spans.length).toBeGreaterThan(50);
  });

  it('the collector gets its headers, and nothing of people, secrets or addresses', () => {
    expect(collector.headers[0]).toMatchObject({ 'x-collector-key': 'a canary key' });
    for (const canary of ['8613900001', '8613800002', 'Demo', 'canary', '/hook', 'eyJ', 'whsec', 'SIM', 'demo-']) {
      expect({ canary, isThere: collector.text.includes(canary) }).toEqual({ canary, isThere: false });
    }
  });
});

it('a collector that is away costs one line in the log, and neither a call nor the stop', async () => {
  const replica = await startReplica({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }, webhookPort);
  await completeCall(replica, '1006');

  const { code, output } = await stop(replica);

  expect(code).toBe(0);
  expect(output.match(/spans could not be sent and are lost/g)).toHaveLength(1);
});

it('of a collector that refuses spans, the log has the status and not its words, and no request or trace', async () => {
  const refusing = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(403, `${String(request.headers['x-key'])} is no key`).end());
  });
  await once(refusing.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`;
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20canary' };
  const replica = await startReplica(environment, webhookPort);
  let said = '';
  replica.child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await completeCall(replica, '1008');
  await waitFor('the log to say it', () => said.includes('spans could not be sent'), 20_000);
  const { output } = await stop(replica);
  refusing.close();

  const [line = ''] = output.split('\n').filter((one) => one.includes('spans could not be sent'));
  expect(JSON.parse(line)).toMatchObject({ error: { message: expect.stringContaining('403') } });
  expect(Object.keys(JSON.parse(line) as object)).toEqual(['level', 'time', 'error', 'spans', 'msg']);
  expect(output).not.toContain('canary');
});

it('more spans than may wait cost one line in the log', async () => {
  const receiver = await startOtlpReceiver();
  const log = collectedLog();
  const tracing = startTracing({ ...config, otlpEndpoint: receiver.url }, createLogger('warn', log.stream));
  try {
    // In one turn, so that none is sent meanwhile.
    const ended = Array.from({ length: 3_000 }, () => inSpan('one of many', {}, () => Promise.resolve()));
    await Promise.all(ended);
  } finally {
    await tracing.close();
    traceWith(undefined);
    context.disable();
    await receiver.close();
  }

  expect(receiver.spans.length).toBeLessThan(3_000);
  expect(log.lines().map(({ msg }) => msg)).toEqual(['spans could not be sent and are lost']);
});

/** The files that a process has loaded, as V8 reports them at its end. */
const filesOf = async (
  environment: Record<string, string>,
  work?: (replica: Replica) => Promise<void>,
): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'ringback files '));
  try {
    const replica = await startReplica({ ...environment, NODE_V8_COVERAGE: folder }, webhookPort);
    await work?.(replica);
    await stop(replica);
    const reports = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
    const files = reports.flatMap((report) => (JSON.parse(report) as { result: { url: string }[] }).result);
    return files.map(({ url }) => url).join('\n');
  } finally {
    await rm(folder, { recursive: true });
  }
};

const SDK = /@opentelemetry\/(?!api\/)|src\/tracing\//;

it('without OTEL_EXPORTER_OTLP_ENDPOINT no file of the SDK is loaded, and no trace is kept or passed on', async () => {
  let callSid = '';
  const files = await filesOf({}, async (replica) => {
    callSid = await completeCall(replica, '1007', CLIENT_PARENT);
  });

  expect(files).toContain('/src/common/tracing.js');
  expect(files).not.toMatch(SDK);
  expect(await traceParentOf(callSid)).toBeNull();
  expect(sentToProvider.at(-1)).toBeUndefined();
  expect(backend.accepted(callSid).map(({ headers }) => headers.traceparent)).toEqual(Array(4).fill(undefined));
  expect(await filesOf({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })).toMatch(SDK);
});
