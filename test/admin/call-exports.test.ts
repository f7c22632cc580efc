/** All calls that match, as a file: what is in it, and what slow, leaving and many clients do to the service. */
import { get, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import { parse } from 'csv-parse/sync';
import { Client } from 'pg';
import { issueToken } from '../../src/auth/token-issuer.js';
import { CallExports, EXPORTS_AT_ONCE } from '../../src/admin/calls/call-exports.service.js';
import { CallRecorder } from '../../src/call/call-recorder.js';
import { Draining } from '../../src/common/draining.js';
import { send, signedIn } from '../desk/desk-requests.js';
import { makeKey } from '../support/api-key.js';
import { collectedLog } from '../support/collected-log.js';
import { fillWithCalls, OPEN_CALLS } from '../support/many-calls.js';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

/** More than the buffers of a connection take. */
const CALLS = 20_000;

const log = collectedLog();
let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({
    environment: { LOG_LEVEL: 'warn', SWEEP_EVERY: '600', JWT_LEEWAY: '0' },
    logTo: log.stream,
  });
  await service.database.query(`update call_records set provider = 'elsewhere'`);
  await fillWithCalls(service.database, CALLS);
  // Not of a provider that a replica asks when it starts, and not due.
  await service.database.query(
    `update call_records set provider = 'of-nobody', sweep_at = now() + interval '1 hour' where state < 4`,
  );
});
afterAll(() => service.close());

type Row = Record<string, string>;

const exported = async (query = '', format = 'csv'): Promise<string> => {
  const response = await service.admin('GET', `calls.${format}?${query}`);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer()).toString();
};

const rowsOf = (text: string): Row[] => parse(text, { bom: true, columns: true });

const objectsOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const lastEntry = async (action: string): Promise<Record<string, unknown>> => {
  const response = await service.admin('GET', `audit?action=${action}&limit=1`);
  return ((await response.json()) as { items: Record<string, unknown>[] }).items[0]!;
};

const settled = (action: string): Promise<Record<string, unknown>> =>
  waitFor('the outcome in the audit', async () => {
    const entry = await lastEntry(action);
    return (entry.after as { outcome: string }).outcome !== 'unknown' && entry;
  });

/** The first bytes have arrived, and no more are read. */
const openSlowly = async (path: string, token?: string): Promise<[ClientRequest, IncomingMessage]> =>
  openSlowlyAs(path, { authorization: `Bearer ${token ?? (await service.token('1001', 'admin'))}` });

const openSlowlyAs = async (path: string, headers: OutgoingHttpHeaders): Promise<[ClientRequest, IncomingMessage]> => {
  const request = get(`${service.url}/v1/admin/${path}`, { headers, agent: false });
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => undefined).pause();
  return [request, response];
};

/** Resolves with whether the response ended with its last chunk. */
const isWhole = async (response: IncomingMessage): Promise<boolean> => {
  if (!response.destroyed) await new Promise((resolve) => response.resume().once('close', resolve));
  return response.complete;
};

const running = (): number => (Reflect.get(service.app.nest.get(CallExports), 'running') as string[]).length;

describe('the file', () => {
  it('as CSV has every call that the search finds, newest first, each once', async () => {
    const expected = await service.database.query<{ sid: string }[]>(
      `select call_sid as sid from call_records where end_reason in ('busy', 'lost') order by call_sid desc`,
    );

    const rows = rowsOf(await exported('endReason=busy&endReason=lost'));

    expect(expected.length).toBeGreaterThan(300);
    expect(rows.map(({ callSid }) => callSid)).toEqual(expected.map(({ sid }) => `'${sid}`));
  });

  it('as JSON lines has the same calls as the list shows them', async () => {
    const found = objectsOf(await exported('open=true&provider=of-nobody', 'ndjson'));

    const response = await service.admin('GET', 'calls?open=true&provider=of-nobody&limit=200');
    const { items } = (await response.json()) as { items: object[] };
    expect(found).toHaveLength(OPEN_CALLS);
    expect(found.slice(0, 200)).toEqual(items);
  });

  it('is in order and complete without filters, over all parts', async () => {
    const [{ count }] = await service.database.query<[{ count: number }]>(
      'select count(*)::int as count from call_records',
    );

    const found = objectsOf(await exported('', 'ndjson')).map(({ callSid }) => String(callSid));

    expect(found).toHaveLength(count);
    expect(found).toEqual([...new Set(found)].sort().reverse());
  });

  it('has its head alone if no call matches, and a name', async () => {
    const response = await service.admin('GET', 'calls.csv?provider=nobody');
    const text = Buffer.from(await response.arrayBuffer()).toString();

    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="calls.csv"');
    expect(text).toMatch(/^\ufeffcallSid,callerId,[^\r]*,requestedAt \(UTC\),ringingAt \(UTC\),[^\r]*\r\n$/);
    expect(await exported('provider=nobody', 'ndjson')).toBe('');
  });

  it('has times in UTC and in the named zone, which the heads of the columns name', async () => {
    const zone = 'America/New_York';
    const { callSid } = await storeCall(service.database, { callerId: '801' });
    await service.database.query(
      `update call_records set requested_at = '2026-11-01T05:30:00.250Z', answered_at = '2026-11-01T06:30:00Z'
       where call_sid = $1`,
      [callSid],
    );

    const [row] = rowsOf(await exported(`callerId=801&timeZone=${zone}`));
    const [object] = objectsOf(await exported(`callerId=801&timeZone=${zone}`, 'ndjson'));

    expect(row).toMatchObject({
      'requestedAt (UTC)': '2026-11-01T05:30:00.250Z',
      [`requestedAt (${zone})`]: '2026-11-01 01:30:00',
      [`answeredAt (${zone})`]: '2026-11-01 01:30:00',
      [`endedAt (${zone})`]: '',
    });
    expect(object).toMatchObject({
      requestedAt: '2026-11-01T05:30:00.250Z',
      local: {
        timeZone: zone,
        requestedAt: '2026-11-01T01:30:00.250-04:00',
        answeredAt: '2026-11-01T01:30:00.000-05:00',
        endedAt: null,
      },
    });
    expect(objectsOf(await exported('callerId=801', 'ndjson'))[0]).not.toHaveProperty('local');
  });

  it('has no cell that a spreadsheet takes for a formula, or rounds', async () => {
    const texts = [
      '=HYPERLINK("http://evil.example")',
      '+1+1',
      '-1',
      '@SUM(1)',
      '\t=1',
      '\r=1',
      '＝1',
      "'=1",
      'a "b", c',
    ];
    for (const [index, text] of texts.entries()) {
      const { callSid } = await storeCall(service.database, { callerId: String(810 + index), subAccount: text });
      const event = { callSid, eventId: `${callSid}:ended`, providerCallId: text, occurredAt: new Date() };
      await service.app.nest
        .get(CallRecorder)
        .apply('elsewhere', { ...event, type: 'ended', endReason: 'busy', recording: text } as never);
    }

    const text = await exported('provider=elsewhere');
    const rows = rowsOf(text);

    const cells = rows.flatMap((row) => Object.values(row));
    expect(cells.filter((cell) => /^[=+\-@\t\r\n＝＋－＠]/.test(cell))).toEqual([]);
    expect(cells.filter((cell) => /^\d{16,}$/.test(cell))).toEqual([]);
    for (const [index, written] of texts.entries()) {
      const row = rows.find(({ callerId }) => callerId === String(810 + index))!;
      const isPlain = written.startsWith('a');
      expect([row.subAccount, row.recording]).toEqual(Array(2).fill(isPlain ? written : `'${written}`));
      expect(row.callerPhone).toBe("'+8613900001001");
    }
    expect(text.split('\r\n').at(-1)).toBe('');
  });

  it('leaves one entry in the audit, with the filters and the number of rows', async () => {
    const rows = rowsOf(
      await exported('completed=false&phone=138%200000%200001&from=2026-11-01&timeZone=Asia/Shanghai'),
    );

    expect(await settled('exportCallsAsCsv')).toMatchObject({
      route: 'GET /v1/admin/calls.csv',
      target: null,
      detail: {
        format: 'calls.csv',
        query: { completed: false, phone: '138****0001', from: '2026-10-31T16:00:00.000Z', timeZone: 'Asia/Shanghai' },
      },
      after: { outcome: 'complete', rows: rows.length },
    });
  });

  it.each(['limit=5', 'after=1', 'colour=red', 'timeZone=x', 'from=x', 'from=2026-11-24&to=2026-11-23', 'phone=x'])(
    'is refused with ?%s, and no entry is left',
    async (query) => {
      const before = await lastEntry('exportCallsAsNdjson');

      const response = await service.admin('GET', `calls.ndjson?${query}`);

      expect(response.status).toBe(400);
      expect(await lastEntry('exportCallsAsNdjson')).toEqual(before);
    },
  );
});

/** The statements of the search that are sent while the work goes on. */
const countReads = (): { count: () => number; stop: () => void } => {
  let count = 0;
  const connect = service.database.createQueryRunner.bind(service.database);
  const spy = jest.spyOn(service.database, 'createQueryRunner').mockImplementation((...given) => {
    const runner = connect(...given);
    const query = runner.query.bind(runner);
    runner.query = ((text: string, ...more: unknown[]) => {
      if (text.includes('"isHorizon"')) count++;
      return (query as (...all: unknown[]) => Promise<unknown>)(text, ...more);
    }) as typeof runner.query;
    return runner;
  });
  return { count: () => count, stop: () => spy.mockRestore() };
};

describe('a client', () => {
  it('that does not read has the service read no more than a few parts', async () => {
    const reads = countReads();
    const [request, response] = await openSlowly('calls.ndjson');
    // A second request is answered when the first one has come to a standstill.
    await waitFor('a standstill', async () => {
      const before = reads.count();
      for (let turn = 0; turn < 20; turn++) await service.admin('GET', 'providers');
      return reads.count() === before;
    });

    const readWhileStuck = reads.count();
    const whole = await isWhole(response);
    const readInAll = reads.count();
    reads.stop();
    request.destroy();

    expect(whole).toBe(true);
    expect(readInAll).toBeGreaterThanOrEqual(CALLS / 500);
    expect(readWhileStuck).toBeLessThan(readInAll);
  });

  it('that leaves ends its export: nothing more is read, and the audit says so', async () => {
    const logged = log.text().length;
    const [request] = await openSlowly('calls.csv');
    expect(running()).toBe(1);

    request.destroy();

    await waitFor('the end', () => running() === 0);
    expect(await settled('exportCallsAsCsv')).toMatchObject({ after: { outcome: 'broken_off' } });
    expect(log.text().slice(logged)).not.toContain('an export of calls was broken off');
  });

  it('that leaves before the first call is found ends its export too', async () => {
    const lock = new Client({ connectionString: service.config.databaseUrl });
    await lock.connect();
    await lock.query('begin; lock table call_records in access exclusive mode');
    const request = get(`${service.url}/v1/admin/calls.csv`, {
      headers: { authorization: `Bearer ${await service.token('1001', 'admin')}` },
      agent: false,
    }).on('error', () => undefined);
    await waitFor('the export', () => running() === 1);

    request.destroy();

    await waitFor('the end', () => running() === 0);
    await lock.query('commit');
    await lock.end();
  });

  it('is refused with 429 while as many exports run as may, and served after one', async () => {
    const subjects = Array.from({ length: EXPORTS_AT_ONCE }, (_, index) => `80${index % 2}`);
    const slow = await Promise.all(
      subjects.map(async (subject) => openSlowly('calls.ndjson', await service.token(subject, 'admin'))),
    );

    const refused = await service.admin('GET', 'calls.csv');

    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_EXPORTS' });
    slow.pop()![0].destroy();
    await waitFor('a place', () => running() === EXPORTS_AT_ONCE - 1);
    expect((await service.admin('GET', 'calls.csv?provider=nobody')).status).toBe(200);
    for (const [request] of slow) request.destroy();
    await waitFor('the end of all', () => running() === 0);
  });

  it('may have two exports, so that it does not keep all others out', async () => {
    const slow = [await openSlowly('calls.ndjson'), await openSlowly('calls.csv')];

    const third = await service.admin('GET', 'calls.csv');
    const other = await fetch(`${service.url}/v1/admin/calls.csv?provider=nobody`, {
      headers: { authorization: `Bearer ${await service.token('802', 'admin')}` },
    });

    expect([third.status, other.status]).toEqual([429, 200]);
    for (const [request] of slow) request.destroy();
    await waitFor('the end of all', () => running() === 0);
  });

  it('whose user is blocked gets no more, and no new export', async () => {
    await service.admin('POST', 'users', { id: '803', name: 'Somebody' });
    const token = await service.token('803', 'admin');
    const [, response] = await openSlowly('calls.ndjson', token);

    await service.admin('PATCH', 'users/803', { blocked: true });

    expect(await isWhole(response)).toBe(false);
    await waitFor('the end', () => running() === 0);
    expect((await openSlowly('calls.ndjson', token))[1].statusCode).toBe(403);
  });

  it('whose API key is revoked gets no more of the suppression list either', async () => {
    await service.database.query(
      `insert into suppression (phone, reason, source)
       select '+861390' || lpad(n::text, 7, '0'), repeat('x', 200), 'test' from generate_series(1, 50000) n`,
    );
    const { id, key } = await makeKey(service, { scopes: ['admin:read'] });
    const [, response] = await openSlowly('suppressions.csv', key);

    await service.admin('DELETE', `api-keys/${id}`);

    expect(await isWhole(response)).toBe(false);
  });

  it('whose API key is revoked gets no more', async () => {
    const { id, key } = await makeKey(service, { scopes: ['admin:read'] });
    const [, response] = await openSlowly('calls.ndjson', key);

    await service.admin('DELETE', `api-keys/${id}`);

    expect(await isWhole(response)).toBe(false);
    await waitFor('the end', () => running() === 0);
  });

  it('whose token expires gets no more', async () => {
    const token = await issueToken(TEST_SECRET, { userId: '1001', scope: 'admin', lifetimeSeconds: 5 });
    const [, response] = await openSlowly('calls.ndjson', token);
    expect(response.statusCode).toBe(200);

    await waitFor('the end', () => running() === 0);

    expect(await isWhole(response)).toBe(false);
  });

  it('who signs out of the desk gets no more', async () => {
    const headers = await signedIn(service);
    const [, response] = await openSlowlyAs('calls.ndjson', headers);

    expect((await send(service, '/v1/desk/session', { method: 'DELETE', headers })).status).toBe(204);

    expect(await isWhole(response)).toBe(false);
    await waitFor('the end', () => running() === 0);
  });
});

describe('the database', () => {
  it('that fails before the first part is an error, and no file', async () => {
    await service.database.query('alter table audit_entry rename to audit_entry_away');
    const response = await service.admin('GET', 'calls.csv');
    await service.database.query('alter table audit_entry_away rename to audit_entry');

    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('callSid');
    await waitFor('the end', () => running() === 0);
  });

  it('that fails later breaks the export off, so that the client does not take a part for the whole', async () => {
    const [, response] = await openSlowly('calls.ndjson');
    const failing = jest
      .spyOn(service.database, 'transaction')
      .mockImplementation(() => Promise.reject(Object.assign(new Error('gone'), { code: '57P01' })));

    const whole = await isWhole(response);
    failing.mockRestore();

    expect(whole).toBe(false);
    expect(log.text()).toContain('an export of calls was broken off');
    expect(await settled('exportCallsAsNdjson')).toMatchObject({ after: { outcome: 'broken_off' } });
  });
});

it('a process that stops cuts the export at once, and notes it', async () => {
  const own = await startTestApp({ databaseUrl: service.config.databaseUrl!, environment: { SWEEP_EVERY: '600' } });
  const authorization = `Bearer ${await own.token('1001', 'admin')}`;
  const request = get(`${own.url}/v1/admin/calls.ndjson`, { headers: { authorization }, agent: false });
  const [response] = (await once(
    request.on('error', () => undefined),
    'response',
  )) as [IncomingMessage];
  response.on('error', () => undefined).pause();
  const draining = own.app.nest.get(Draining);

  await own.close();

  expect(draining.isIdle).toBe(true);
  expect(await isWhole(response)).toBe(false);
  expect(await lastEntry('exportCallsAsNdjson')).toMatchObject({ after: { outcome: 'broken_off' } });
});
