/** GET /v1/admin/statistics. test/statistics compares the figures with the records. */
import { applyEvent, storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

interface Reply {
  readonly timeZone: string;
  readonly isComplete: boolean;
  readonly buckets: readonly {
    readonly from: string;
    readonly to: string;
    readonly groups: readonly { readonly key: string | null; readonly calls: number }[];
  }[];
}

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const ask = async (query: string): Promise<{ status: number; body: unknown }> => {
  const response = await service.admin('GET', `statistics?${query}`);
  return { status: response.status, body: await response.json() };
};

const read = async (query: string): Promise<Reply> => {
  const { status, body } = await ask(query);
  expect([status, body]).toEqual([200, body]);
  return body as Reply;
};

const today = new Date().toISOString().slice(0, 10);
const tomorrow = new Date(Date.parse(today) + 2 * 86_400_000).toISOString().slice(0, 10);

it('counts a call within seconds of its end, by provider, service line and country', async () => {
  const answered = await storeCall(service.database, { provider: 'one', calleePhone: '+4930123456' });
  const busy = await storeCall(service.database, { provider: 'two', calleeId: null, serviceLineId: '3' });
  await storeCall(service.database, { provider: 'one' });
  const [{ at }] = await service.database.query<[{ at: Date }]>(
    'select requested_at as at from call_records where call_sid = $1',
    [answered.callSid],
  );
  const later = (seconds: number): Date => new Date(at.getTime() + seconds * 1_000);
  await applyEvent(service.database, answered.callSid, { type: 'ringing', occurredAt: later(3) });
  await applyEvent(service.database, answered.callSid, { type: 'answered', occurredAt: later(8) });
  await applyEvent(service.database, answered.callSid, {
    type: 'ended',
    occurredAt: later(98),
    endReason: 'completed',
  });
  await applyEvent(service.database, busy.callSid, { type: 'ended', occurredAt: later(2), endReason: 'busy' });

  const { buckets, ...rest } = await waitFor('the calls to be counted', async () => {
    const reply = await read(`from=${today}&to=${tomorrow}`);
    return reply.isComplete && reply.buckets[0]!.groups[0]!.calls === 2 && reply;
  });

  expect(rest).toEqual({ timeZone: 'UTC', isComplete: true });
  expect(buckets).toEqual([
    {
      from: `${today}T00:00:00.000Z`,
      to: `${tomorrow}T00:00:00.000Z`,
      groups: [
        {
          key: null,
          calls: 2,
          answered: 1,
          completed: 1,
          talkMinutes: 1.5,
          postDialDelay: { median: expect.closeTo(3, 0) as number, percentile95: expect.closeTo(3, 0) as number },
          timeToAnswer: { median: expect.closeTo(8, 0) as number, percentile95: expect.closeTo(8, 0) as number },
          endReasons: {
            completed: 1,
            canceled: 0,
            busy: 1,
            no_answer: 0,
            rejected: 0,
            unreachable: 0,
            failed: 0,
            lost: 0,
          },
        },
      ],
    },
  ]);
  const keys = async (by: string) =>
    (await read(`from=${today}&to=${tomorrow}&by=${by}`)).buckets[0]!.groups.map(({ key, calls }) => [key, calls]);
  expect(await keys('provider')).toEqual([
    ['one', 1],
    ['two', 1],
  ]);
  expect(await keys('serviceLine')).toEqual([
    [null, 1],
    ['3', 1],
  ]);
  expect(await keys('country')).toEqual([
    ['CN', 1],
    ['DE', 1],
  ]);
});

it('a bucket without calls has one group of none, and with groups no group', async () => {
  const range = 'from=2020-03-28&to=2020-03-31&every=day&timeZone=Europe/Berlin';

  const { timeZone, buckets } = await read(range);
  const grouped = await read(`${range}&by=country`);

  expect(timeZone).toBe('Europe/Berlin');
  expect(buckets.map(({ from }) => from)).toEqual([
    '2020-03-27T23:00:00.000Z',
    '2020-03-28T23:00:00.000Z',
    '2020-03-29T22:00:00.000Z',
  ]);
  expect(buckets.map(({ groups }) => groups.map(({ key, calls }) => [key, calls]))).toEqual(Array(3).fill([[null, 0]]));
  expect(grouped.buckets.map(({ groups }) => groups)).toEqual([[], [], []]);
});

it('takes a range until the end of the century', async () => {
  const { buckets } = await read('from=2000-01-01&to=2099-12-31');

  expect(buckets).toMatchObject([{ from: '2000-01-01T00:00:00.000Z', to: '2099-12-31T00:00:00.000Z' }]);
});

it('takes a time with an offset, on a quarter of an hour', async () => {
  const { buckets } = await read(
    'from=2026-01-01T00:15:00%2B05:45&to=2026-01-01T02:00:00%2B05:45&every=hour&timeZone=Asia/Kathmandu',
  );

  expect(buckets.map(({ from }) => from.slice(11, 16))).toEqual(['18:30', '19:15']);
});

it('writes a long reply in small steps', async () => {
  // 800 hours: the most that a reply may have.
  const query = 'from=2026-01-01T00:00:00Z&to=2026-02-03T08:00:00Z&every=hour';
  const stringify = jest.spyOn(JSON, 'stringify');
  let longest: number;
  try {
    const response = await service.admin('GET', `statistics?${query}`);
    const text = await response.text();
    longest = Math.max(...stringify.mock.results.map(({ value }) => String(value).length));
    expect(text.length).toBeGreaterThan(250_000);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect((JSON.parse(text) as Reply).buckets).toHaveLength(800);
  } finally {
    stringify.mockRestore();
  }

  expect(longest).toBeLessThan(10_000);
});

it.each([
  ['from=2026-01-01T00:00:00Z&to=2026-02-03T09:00:00Z&every=hour', '/every'],
  ['from=2026-01-01', '/to'],
  ['to=2026-01-01', '/from'],
  ['from=2026-01-01&to=2026-01-01', '/to'],
  ['from=2026-01-02&to=2026-01-01', '/to'],
  ['from=2026-02-30&to=2026-03-01', '/from'],
  ['from=2026-01-01T00:10:00Z&to=2026-03-01', '/from'],
  ['from=2026-01-01&to=2026-03-01T00:00:01Z', '/to'],
  ['from=0500-01-01T00:00:00Z&to=2026-01-02&every=none', '/from'],
  ['from=2026-01-01&to=9999-12-31T23:45:00Z&every=none', '/to'],
  ['from=2026-01-01&to=2026-03-01&every=minute', '/every'],
  ['from=2026-01-01&to=2027-01-01&every=hour', '/every'],
  ['from=2026-01-01&to=2026-03-01&by=user', '/by'],
  ['from=2026-01-01&to=2026-03-01&timeZone=Mars/Olympus', '/timeZone'],
  ['from=2026-01-01&to=2026-03-01&timeZone=%2B08:00', '/timeZone'],
  ['from=2026-01-01&to=2026-03-01&colour=red', '/colour'],
])('%s is a fault of %s', async (query, where) => {
  const { status, body } = await ask(query);

  expect(status).toBe(400);
  expect((body as { errors: { where: string }[] }).errors.map((fault) => fault.where)).toEqual([where]);
});

it('needs the scope admin', async () => {
  const response = await fetch(`${service.url}/v1/admin/statistics?from=2026-01-01&to=2026-01-02`, {
    headers: { authorization: `Bearer ${await service.token('1001', 'calls:read')}` },
  });

  expect(response.status).toBe(403);
});
