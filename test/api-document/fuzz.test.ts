/**
 * Random requests to every documented operation always get an answer: no 5xx, only documented ones that match their
 * schemas. 5,000 requests; RINGBACK_FUZZ_REQUESTS=100000 sends more, and RINGBACK_FUZZ_SEED=… repeats a run.
 */
import fc from 'fast-check';
import { Pool } from 'undici';
import { storeCall, applyEvent } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { examplesOfRefusal, fetchDocument, type ApiDocument, type Reply } from './document.js';
import { fuzzedRequests, type FuzzedRequest, type KnownValues } from './fuzzed-request.js';
import { checkWith, type SchemaCheck } from './schema-check.js';

const REQUESTS = Number(process.env.RINGBACK_FUZZ_REQUESTS ?? 5_000);
const SEED = Number(process.env.RINGBACK_FUZZ_SEED ?? Date.now() % 2 ** 31);
const LANES = 8;
const HANG_MS = 2_000;
/** A request that takes longer than HANG_MS is sent again alone, to exclude a busy machine as the cause. */
const GIVE_UP_MS = 20_000;

jest.setTimeout(120_000 + REQUESTS * 20);

let service: TestApp;
let document: ApiDocument;
let faultOf: SchemaCheck;
let pool: Pool;
let tokens: Record<FuzzedRequest['as'], string | null>;

beforeAll(async () => {
  service = await startTestApp({ environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8', DIAL_TIMEOUT: '1' } });
  document = await fetchDocument(service.url);
  faultOf = checkWith(document);
  pool = new Pool(service.url, { connections: LANES });
  tokens = {
    admin: await service.token('1001', 'admin calls:write'),
    user: await service.token('1004'),
    nobody: null,
  };
});
afterAll(async () => {
  await pool.destroy();
  await service.close();
});

const knownValues = async (): Promise<KnownValues> => {
  // A call that is over, because a long poll for an open call may wait.
  const calls = await Promise.all(['1001', '1004'].map((callerId) => storeCall(service.database, { callerId })));
  for (const { callSid } of calls) {
    await applyEvent(service.database, callSid, { type: 'ended', endReason: 'completed' });
  }
  const users = ['1001', '1004', ...Array.from({ length: 20 }, (_, i) => String(1010 + i)), '2000'];
  const callSids = calls.map(({ callSid }) => callSid);
  const made = async (path: string, body: object): Promise<string> => {
    const response = await service.admin('POST', path, body);
    const text = await response.text();
    expect([response.status, text]).toEqual([201, expect.any(String)]);
    return (JSON.parse(text) as { id: string }).id;
  };
  const numbers = Array.from({ length: 12 }, (_, i) => i);
  const phone = '13800138000';
  const lineIds = await Promise.all(
    numbers.map((i) => made('service-lines', { name: `Line ${i}`, phone, open: true, position: i })),
  );
  const url = 'http://127.0.0.1:9999/hook';
  const endpointIds = await Promise.all(numbers.map(() => made('webhook-endpoints', { url })));
  // Many, because a key can be rotated only once, and is revoked for good.
  const keyIds = await Promise.all(
    Array.from({ length: 40 }, (_, i) => made('api-keys', { name: `Key ${i}`, scopes: ['calls:read'] })),
  );
  const budgetIds = await Promise.all(
    users.map(async (subject) => {
      const budget = { kind: 'user', subject, period: 'month', amount: '50', timeZone: 'Asia/Shanghai' };
      return ((await (await service.admin('PUT', 'budgets', budget)).json()) as { id: string }).id;
    }),
  );
  return {
    ...{ targetId: ['2000', '1005', '1004'], userId: users, id: users, callerId: users, calleeId: users },
    ...{ callSid: callSids, lineId: lineIds, endpointId: endpointIds, keyId: keyIds, budgetId: budgetIds },
    ...{ provider: ['simulator'], url: [url], phone: [phone] },
  };
};

interface Answer {
  readonly tookMs: number;
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const ask = async ({ served, target, headers, body, as }: FuzzedRequest): Promise<Answer> => {
  const began = performance.now();
  const token = tokens[as];
  const response = await pool.request({
    method: served.method,
    path: target,
    headers: { ...headers, ...(token !== null && { authorization: `Bearer ${token}` }) },
    body,
    signal: AbortSignal.timeout(GIVE_UP_MS),
  });
  const type = String(response.headers['content-type'] ?? '');
  // An event stream is only checked to begin.
  const text = type.startsWith('text/event-stream') ? '' : await response.body.text();
  if (type.startsWith('text/event-stream')) response.body.on('error', () => undefined).destroy();
  return { tookMs: performance.now() - began, status: response.statusCode, type, text };
};

/** @returns the fault of the answer, or null */
const faultIn = ({ served }: FuzzedRequest, { status, type, text }: Answer): string | null => {
  const declared = served.operation.responses[status];
  if (status >= 500 || !declared) return `${status} ${text}`;
  if (!declared.content) return text === '' ? null : `${status} has a body: ${text}`;
  const schema = (declared.content[type] ?? declared.content[type.split(';')[0] ?? ''])?.schema;
  if (!schema) return `${status} is ${type}`;
  if (type.startsWith('text/event-stream')) return null;
  if (/^(?:text\/csv|application\/x-ndjson)/.test(type)) return faultOf(schema, text);
  const value = JSON.parse(text) as { returnCode?: number; code?: string };
  // The contract's form of a 500.
  if (value.returnCode === 500) return `200 ${text}`;
  if (type.startsWith('application/problem+json') && !isShown(declared, value.code)) return `no example of ${text}`;
  return faultOf(schema, value);
};

const isShown = (refusal: Reply, code: string | undefined): boolean =>
  examplesOfRefusal(refusal).some((example) => (example as { code: string }).code === code);

const shown = ({ served, target, headers, body, as }: FuzzedRequest): string =>
  `${served.method} ${target.slice(0, 300)} as ${as} ${JSON.stringify(headers)} ${body?.toString().slice(0, 300) ?? ''}`;

it(`${REQUESTS} requests get an answer that the document declares`, async () => {
  const requests = fc.sample(fuzzedRequests(document, await knownValues()), { numRuns: REQUESTS, seed: SEED });
  const faults = new Map<string, string>();
  const late: FuzzedRequest[] = [];
  const statuses = new Map<string, Set<number>>();
  const queue = requests.values();
  const lane = async (): Promise<void> => {
    for (const request of queue) {
      const { name } = request.served;
      try {
        const answer = await ask(request);
        statuses.set(name, (statuses.get(name) ?? new Set()).add(answer.status));
        const fault = faultIn(request, answer);
        if (fault !== null)
          faults.set(`${name}: ${fault.replace(/"requestId":"[^"]*"/, '').slice(0, 200)}`, shown(request));
        if (answer.tookMs > HANG_MS) late.push(request);
      } catch (error) {
        faults.set(`${name}: ${String(error)}`, shown(request));
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  for (const request of late) {
    if ((await ask(request)).tookMs > HANG_MS) faults.set(`${request.served.name}: hangs`, shown(request));
  }

  expect({ seed: SEED, faults: [...faults] }).toEqual({ seed: SEED, faults: [] });
  // Most operations must have succeeded; a few need what nobody here has, such as a signature or the link of a session.
  const succeeded = [...statuses.values()].filter((seen) => [...seen].some((status) => status < 300));
  expect(succeeded.length).toBeGreaterThan(statuses.size * 0.7);
});
