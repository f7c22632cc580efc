/** Everything about one call in one response: from the database, and from the memory of the replica that answers. */
import { legsOf } from '../../src/admin/bundle/call-legs.js';
import { withMaskedNumbers } from '../../src/common/masked-numbers.js';
import type { CallHistory } from '../../src/call/search/call-history.service.js';
import { keyHeaders, makeKey } from '../support/api-key.js';
import { backend, newPhone, type Backend } from '../support/backend.js';
import { applyEvent, storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { startTwoProviders } from '../support/two-providers.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

interface Bundle {
  readonly call: Record<string, unknown>;
  readonly hangUp: object;
  readonly legs: Record<'caller' | 'callee', { readonly phone: string; readonly cause: object | null }>;
  readonly routing: { readonly route: string | null; readonly providers: string[]; readonly attempts: object[] };
  readonly timeline: readonly { readonly type: string }[];
  readonly deliveries: readonly { readonly number: number; readonly state: string; readonly attempts: object[] }[];
  readonly ofThisReplica: {
    readonly providerRequests: readonly { readonly operation: string }[];
    readonly logLines: readonly { readonly msg: string; readonly callSid: string }[];
  };
}

const NO_ACCOUNT = 'The caller has no account at this provider.';

let receiver: WebhookReceiver;
let service: TestApp;
let calls: Backend;

beforeAll(async () => {
  receiver = await startWebhookReceiver();
  service = await startTestApp({
    environment: { SIMULATOR_SPEED: '50', WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' },
  });
  calls = backend(service);
});
afterAll(async () => {
  await service.close();
  await receiver.close();
});

const bundle = async (callSid: string, by: Pick<TestApp, 'admin'> = service): Promise<Bundle> => {
  const response = await by.admin('GET', `calls/${callSid}/bundle`);
  expect(response.status).toBe(200);
  return (await response.json()) as Bundle;
};

const place = async (script: string, caller = newPhone()): Promise<{ callSid: string; phones: string[] }> => {
  const phones = [caller, newPhone(script)];
  const { body } = await calls.place({ caller: { phone: phones[0] }, callee: { phone: phones[1] } });
  return { callSid: String(body.callSid), phones };
};

const ended = (callSid: string) =>
  waitFor('the end', async () => (await calls.ask('GET', `/${callSid}`)).body.stateType === '4');

it('has the record, who hung up, the timeline, the webhooks, the provider’s replies and the log lines', async () => {
  await registerEndpoint(service, { url: receiver.url });
  const { callSid, phones } = await place('01');
  await ended(callSid);
  await waitFor('the webhooks', async () =>
    (await bundle(callSid)).deliveries.every(({ state }) => state === 'delivered'),
  );

  const found = await bundle(callSid);

  expect(found.call).toMatchObject({ callSid, endReason: 'busy', provider: 'simulator', placedBy: '9001' });
  expect(found.hangUp).toMatchObject({ endedBy: 'provider', endReason: 'busy', canceledBy: null, leg: 'callee' });
  expect(found.legs).toMatchObject({ caller: { cause: { cause: 16 } }, callee: { cause: { cause: 17 } } });
  expect(found.routing).toMatchObject({ route: '', providers: ['simulator'] });
  expect(found.routing.attempts).toMatchObject([{ provider: 'simulator', outcome: 'accepted', why: null }]);
  expect(found.timeline.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['requested', 'accepted', 'caller_answered', 'ended']),
  );
  const changes = Array.from({ length: Number(found.call.changes) }, (_, index) => index + 1);
  expect(changes.length).toBeGreaterThan(1);
  expect(found.deliveries.map(({ number }) => number)).toEqual(changes);
  for (const { attempts } of found.deliveries) expect(attempts).toMatchObject([{ status: 204, error: null }]);
  expect(found.ofThisReplica.providerRequests).toMatchObject([
    {
      provider: 'simulator',
      operation: 'dial',
      request: { callerPhone: expect.stringContaining('****') },
      reply: { kind: 'accepted', providerCallId: found.call.providerCallId },
      error: null,
    },
  ]);
  const texts = found.ofThisReplica.logLines.map(({ msg }) => msg);
  expect(texts).toEqual(expect.arrayContaining(['call requested', 'call event', 'request']));
  for (const line of found.ofThisReplica.logLines) expect(line.callSid).toBe(callSid);
  for (const phone of phones) expect(JSON.stringify(found)).not.toContain(phone.slice(3));
});

it('shows the hang-up of an administrator, and the order to the provider', async () => {
  const { callSid } = await place('13');
  await waitFor('the talk', async () => (await calls.ask('GET', `/${callSid}`)).body.stateType === '3');
  await service.admin('POST', `calls/${callSid}/cancel`);

  const { hangUp, ofThisReplica } = await bundle(callSid);

  expect(hangUp).toMatchObject({ endedBy: 'cancel', endReason: 'completed', canceledBy: 'admin', leg: null });
  expect(ofThisReplica.providerRequests.map(({ operation }) => operation)).toEqual(['dial', 'hang_up']);
});

it('has no phone number wherever it stands, and all of them with `full` and its scope', async () => {
  const [caller, callee] = ['+8613955501001', '+8613955502000'];
  const { callSid } = await storeCall(service.database, { callerPhone: caller, calleePhone: callee });
  const told = `8613955501001 called 139-5550-2000, ${caller} and 013955502000; not 139555020001`;
  await applyEvent(service.database, callSid, {
    type: 'ended',
    endReason: 'failed',
    detail: { told },
    recording: `https://provider.example/13955502000.wav`,
  });
  const full = async (scope: string) => {
    const headers = { authorization: `Bearer ${await service.token('1001', scope)}` };
    const response = await fetch(`${service.url}/v1/admin/calls/${callSid}/bundle?full=true`, { headers });
    return {
      status: response.status,
      text: await response.text(),
      challenge: response.headers.get('www-authenticate'),
    };
  };
  const entries = async () =>
    ((await (await service.admin('GET', `audit?target=call:${callSid}`)).json()) as { items: unknown[] }).items;

  const masked = JSON.stringify(await bundle(callSid));
  expect(masked.replaceAll('139555020001', '')).not.toMatch(/139[ -]?5550[ -]?[12]00[01]/);
  expect(masked).toContain('139555020001');
  expect(masked).toContain('139****1001 called 139****2000');
  expect(masked).toContain(callSid);
  expect(await entries()).toEqual([]);

  expect(await full('admin')).toMatchObject({ status: 403, challenge: expect.stringContaining('admin:numbers') });
  expect(await full('admin:numbers')).toMatchObject({ status: 403 });
  expect(await entries()).toEqual([]);
  const whole = await full('admin admin:numbers');
  expect(whole.status).toBe(200);
  expect(JSON.parse(whole.text)).toMatchObject({ call: { callerPhone: caller, calleePhone: callee } });
  expect(whole.text).toContain(told);
  expect(await entries()).toMatchObject([{ action: 'getCallBundle', subject: '1001', detail: { full: true } }]);
});

it('with `full` is refused with 503 when the read cannot be recorded, and an API key may have the scope', async () => {
  const { callSid } = await storeCall(service.database);
  const { key } = await makeKey(service, { scopes: ['admin', 'admin:numbers'] });
  const full = () => fetch(`${service.url}/v1/admin/calls/${callSid}/bundle?full=true`, { headers: keyHeaders(key) });

  expect((await full()).status).toBe(200);
  await service.database.query('alter table audit_entry rename to audit_entry_away');
  try {
    const response = await full();
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('+86');
    expect((await service.admin('GET', `calls/${callSid}/bundle`)).status).toBe(200);
  } finally {
    await service.database.query('alter table audit_entry_away rename to audit_entry');
  }
});

it('of another replica has the same record and timeline, and nothing of this one’s memory', async () => {
  const { callSid } = await place('01');
  await ended(callSid);
  const other = await startTestApp({ databaseUrl: service.config.databaseUrl! });
  try {
    const [here, there] = [await bundle(callSid), await bundle(callSid, other)];

    expect([there.call, there.timeline]).toEqual([here.call, here.timeline]);
    expect(here.ofThisReplica.providerRequests).toHaveLength(1);
    expect(there.ofThisReplica).toMatchObject({ providerRequests: [], logLines: [] });
  } finally {
    await other.close();
  }
});

it('is 404 for a call that does not exist, and 400 for another value of `full`', async () => {
  const { callSid } = await storeCall(service.database);

  expect((await service.admin('GET', `calls/${'1'.repeat(32)}/bundle`)).status).toBe(404);
  for (const full of ['1', '', 'TRUE', 'true&full=true']) {
    expect((await service.admin('GET', `calls/${callSid}/bundle?full=${full}`)).status).toBe(400);
  }
});

it('shows a provider that was passed over, and why, before the one that carries the call', async () => {
  const telephony = await startTwoProviders();
  try {
    const userId = await telephony.user('yuntongxun', 'twilio');
    telephony.yuntongxun.replyInstead = (_, response) =>
      response.writeHead(200).end(JSON.stringify({ statusCode: '111142', statusMsg: '余额不足 13900001001' }));
    const { data } = await telephony.service.ask(userId, 'call/2013');

    const { routing, ofThisReplica } = await bundle(data?.callSid ?? '', telephony.service);

    expect(routing.providers).toEqual(['yuntongxun', 'twilio']);
    expect(routing.attempts).toMatchObject([
      { provider: 'yuntongxun', outcome: 'passed_over', why: { category: expect.any(String), code: '111142' } },
      { provider: 'twilio', outcome: 'accepted', why: null },
    ]);
    expect(ofThisReplica.providerRequests).toMatchObject([
      { provider: 'yuntongxun', operation: 'dial', reply: { kind: 'refused', code: '111142' } },
      { provider: 'twilio', operation: 'dial', reply: { kind: 'accepted' } },
    ]);
    expect(JSON.stringify({ routing, ofThisReplica })).not.toContain('13900001001');
  } finally {
    await telephony.close();
  }
});

it('shows a provider of the route at which the caller has no account, wherever it stands', async () => {
  const telephony = await startTwoProviders();
  try {
    const attemptsOf = async (callSid: string) => (await bundle(callSid, telephony.service)).routing.attempts;
    const noAccount = (provider: string) => ({ provider, outcome: 'passed_over', why: { why: NO_ACCOUNT } });

    const first = await telephony.service.ask(await telephony.user('twilio'), 'call/2013');
    expect(await attemptsOf(first.data?.callSid ?? '')).toMatchObject([
      noAccount('yuntongxun'),
      { provider: 'twilio', outcome: 'accepted', why: null },
    ]);

    telephony.yuntongxun.replyInstead = (_, response) =>
      response.writeHead(200).end(JSON.stringify({ statusCode: '111142', statusMsg: '余额不足' }));
    const userId = await telephony.user('yuntongxun');
    await telephony.service.ask(userId, 'call/2000');
    const [call] = await telephony.service.database.query<[{ callSid: string }]>(
      'select call_sid as "callSid" from call_records where caller_id = $1',
      [userId],
    );
    expect(await attemptsOf(call.callSid)).toMatchObject([
      noAccount('twilio'),
      { provider: 'yuntongxun', outcome: 'refused', why: { code: '111142' } },
    ]);
  } finally {
    await telephony.close();
  }
});

describe('the legs', () => {
  const history = (detail: Record<string, unknown>): CallHistory =>
    ({
      callerPhone: '+8613900001001',
      calleePhone: '+8613800002000',
      ringingAt: null,
      answeredAt: null,
      causes: { A: null, B: null },
      events: [{ type: 'ended', provider: 'asterisk', occurredAt: new Date(0), detail }],
    }) as unknown as CallHistory;
  const codesOf = (detail: Record<string, unknown>) => {
    const { caller, callee, both } = legsOf(history(detail));
    return [caller.reports, callee.reports, both].map((reports) => reports.map(({ codes }) => codes));
  };

  it('have the codes of Asterisk side by side, each under its own leg', () => {
    expect(codesOf({ status: 'BUSY', cause_a: '17', cause_b: '486' })).toEqual([
      [{ cause: '17' }],
      [{ cause: '486' }],
      [{ status: 'BUSY' }],
    ]);
  });

  it('have the codes of an event that names its leg', () => {
    expect(codesOf({ leg: 'B', status: 'busy', sipCode: 486 })).toEqual([[], [{ status: 'busy', sipCode: 486 }], []]);
    expect(codesOf({ leg: 'A' })).toEqual([[], [], []]);
  });
});

describe('a masked number', () => {
  const PHONES = ['+8613900001001', '95588', '+14155550100', '+74951234567'];

  it.each([
    ['+8613900001001', '139****1001'],
    ['sip:8613900001001@pbx', 'sip:139****1001@pbx'],
    ['008613900001001', '139****1001'],
    ['013900001001', '139****1001'],
    ['+86 139 0000 1001', '139****1001'],
    ['%2B8613900001001', '%2B139****1001'],
    ['call 95588.', 'call 95****.'],
    ['(415) 555-0100', '(+14****0100'],
    ['415-555-0100', '+14****0100'],
    ['OUT%2013900001001.wav', 'OUT%20139****1001.wav'],
    ['%2213900001001%22', '%22139****1001%22'],
    ['%2B86%20139%200000%201001', '%2B139****1001'],
    ['139+0000+1001', '139****1001'],
    ['139–0000–1001', '139****1001'],
    ['08613900001001', '139****1001'],
    ['１３９００００１００１', '139****1001'],
    ['8 (495) 123-45-67', '+74****4567'],
    ['84951234567', '+74****4567'],
  ])('is masked in %s', (text, masked) => {
    expect(withMaskedNumbers({ text }, PHONES)).toEqual({ text: masked });
  });

  it('is masked in the name of a field', () => {
    expect(withMaskedNumbers({ metadata: { '139-0000-1001': 'caller' } }, PHONES)).toEqual({
      metadata: { '139****1001': 'caller' },
    });
  });

  it.each(['139000010012', '1139000010011', '26112913900001001955880000000000'])('is not found in %s', (text) => {
    expect(withMaskedNumbers({ text }, PHONES)).toEqual({ text });
  });
});
