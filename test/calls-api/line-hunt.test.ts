/** A service line with several phones: which of them a call tries, and what its record tells. */
import { backend } from '../support/backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

interface Shown {
  readonly callSid: string;
  readonly callerId: string;
  readonly stateType: string;
  readonly endReason: string | null;
  readonly calleePhone: string;
  readonly huntedPhones: readonly string[] | null;
  readonly events: readonly { readonly type: string; readonly detail: Record<string, unknown> | null }[];
}

/** Their last digits choose what they do: 00 answers, 01 is busy, 02 rings for 30 s, 03 declines, 04 cannot be reached. */
const [ANSWERS, BUSY, SILENT, DECLINES, AWAY, TALKS] = ['00', '01', '02', '03', '04', '13'].map(
  (script) => `+86138000031${script}`,
) as [string, string, string, string, string, string];

let service: TestApp;
let nextCaller = 1010;

const startService = async (environment: Readonly<Record<string, string>> = {}): Promise<void> => {
  service = await startTestApp({ environment: { SIMULATOR_SPEED: '50', ...environment } });
  await service.database.query('truncate service_line restart identity');
};

const newLine = async (phones: readonly (string | object)[], more: object = {}): Promise<string> => {
  const body = {
    name: 'line',
    open: true,
    position: 1,
    phones: phones.map((phone) => (typeof phone === 'string' ? { phone } : phone)),
    ...more,
  };
  const response = await service.admin('POST', 'service-lines', body);
  expect([response.status, response.ok ? '' : await response.text()]).toEqual([201, '']);
  return ((await response.json()) as { id: string }).id;
};

const shown = async (callSid: string): Promise<Shown> =>
  (await (await service.admin('GET', `calls/${callSid}`)).json()) as Shown;

const reaches = (callSid: string, state: string): Promise<Shown> =>
  waitFor(`state ${state}`, async () => {
    const call = await shown(callSid);
    return call.stateType >= state && call;
  });

const call = async (): Promise<string> => {
  const { data, returnMsg } = await service.ask(String(nextCaller++), 'callService');
  return data?.callSid ?? returnMsg;
};

const legsEnded = ({ events }: Shown) =>
  events
    .filter(({ type }) => type === 'leg_ended')
    .map(({ detail }) => [detail?.place, detail?.endReason])
    .sort();

describe('callService on a line with several phones', () => {
  beforeAll(() => startService());
  beforeEach(async () => {
    await service.database.query('truncate service_line restart identity');
    await service.database.query('truncate suppression');
  });
  afterAll(() => service.close());

  it('tries one after the other until one answers; the record, the timeline and the stream tell one call', async () => {
    await newLine([BUSY, AWAY, DECLINES, { phone: SILENT, ringSeconds: 6 }, ANSWERS]);

    const over = await reaches(await call(), '4');

    expect(over).toMatchObject({
      endReason: 'completed',
      calleePhone: ANSWERS,
      huntedPhones: [BUSY, AWAY, DECLINES, SILENT, ANSWERS],
    });
    expect(legsEnded(over)).toEqual([
      [1, 'busy'],
      [2, 'unreachable'],
      [3, 'rejected'],
      [4, 'no_answer'],
    ]);
    expect(over.events.find(({ type }) => type === 'answered')?.detail).toMatchObject({ place: 5 });
    expect(over.events.find(({ type }) => type === 'requested')?.detail?.hunt).toEqual([
      { phone: '138****3101', ringSeconds: 20 },
      { phone: '138****3104', ringSeconds: 20 },
      { phone: '138****3103', ringSeconds: 20 },
      { phone: '138****3102', ringSeconds: 6 },
      { phone: '138****3100', ringSeconds: 20 },
    ]);
    const changes = await service.database.query<{ state: string }[]>(
      `select change::json #>> '{data,stateType}' as state from call_events
       where call_sid = $1 and change is not null order by change_number`,
      [over.callSid],
    );
    expect(changes.map(({ state }) => state)).toEqual(['1', '2', '3', '4']);
    // Found by the number that answered.
    const query = `phone=${encodeURIComponent(ANSWERS)}&callerId=${over.callerId}`;
    const found = await (await service.admin('GET', `calls?${query}`)).json();
    expect(found).toMatchObject({ items: [{ callSid: over.callSid }] });
    const bundle = await (await service.admin('GET', `calls/${over.callSid}/bundle`)).text();
    expect(bundle).not.toMatch(/1380000310/);
  });

  it('ends as the last one ends, if none answers', async () => {
    await newLine([DECLINES, BUSY]);

    const over = await reaches(await call(), '4');

    expect(over).toMatchObject({ endReason: 'busy', calleePhone: BUSY });
    expect(legsEnded(over)).toEqual([[1, 'rejected']]);
  });

  it('rings one number as ever, for its own time', async () => {
    await newLine([{ phone: ANSWERS, ringSeconds: 30 }]);

    expect(await reaches(await call(), '4')).toMatchObject({
      endReason: 'completed',
      calleePhone: ANSWERS,
      huntedPhones: null,
    });
  });

  it('begins in turn after the one that took the last call', async () => {
    const more = [ANSWERS.replace(/00$/, '20'), ANSWERS.replace(/00$/, '21')];
    await newLine([ANSWERS, ...more], { hunt: 'turn' });

    const taken = [];
    for (let calls = 0; calls < 4; calls++) taken.push((await reaches(await call(), '4')).calleePhone);

    expect(taken).toEqual([ANSWERS, ...more, ANSWERS]);
  });

  it('begins in turn on another replica too', async () => {
    const other = await startTestApp({
      databaseUrl: service.config.databaseUrl!,
      environment: { SIMULATOR_SPEED: '50' },
    });
    try {
      const second = ANSWERS.replace(/00$/, '20');
      await newLine([ANSWERS, second], { hunt: 'turn' });
      const replicas = [service, other, service];
      const taken = [];
      for (const replica of replicas) {
        const { data } = await replica.ask(String(nextCaller++), 'callService');
        taken.push((await reaches(data!.callSid!, '4')).calleePhone);
      }

      expect(taken).toEqual([ANSWERS, second, ANSWERS]);
    } finally {
      await other.close();
    }
  });

  it('leaves out a number on the suppression list, of the caller, or of another route, and says why', async () => {
    await service.admin('PUT', 'suppressions', { suppressions: [{ phone: AWAY }] });
    const callerPhone = `+861390000${nextCaller}`;
    await newLine([AWAY, callerPhone, BUSY, TALKS]);

    const talking = await reaches(await call(), '3');

    expect(talking).toMatchObject({ calleePhone: TALKS, huntedPhones: [BUSY, TALKS] });
    const detail = talking.events.find(({ type }) => type === 'requested')?.detail;
    expect(detail?.leftOut).toEqual([
      { phone: '138****3104', why: 'The callee’s number is on the suppression list.' },
      { phone: expect.stringContaining('139****'), why: 'Caller and callee have the same phone.' },
    ]);
    await service.admin('POST', `calls/${talking.callSid}/cancel`);
  });

  it('is refused for the reason of the first, if the rules refuse all', async () => {
    await service.admin('PUT', 'suppressions', { suppressions: [{ phone: AWAY }] });
    await newLine([AWAY]);

    expect(await call()).toBe('对方暂不接受来电!');
  });

  it('is hunted for a backend too, whose ring time is that of every number', async () => {
    const serviceLine = await newLine([{ phone: SILENT, ringSeconds: 50 }, BUSY]);
    const { body } = await backend(service).place({
      caller: { userId: String(nextCaller++) },
      callee: { serviceLine },
      limits: { ringCallee: 7 },
    });

    const over = await reaches(String(body.callSid), '4');

    expect(legsEnded(over)).toEqual([[1, 'no_answer']]);
    expect(over.events.find(({ type }) => type === 'requested')?.detail?.hunt).toMatchObject([
      { ringSeconds: 7 },
      { ringSeconds: 7 },
    ]);
    expect(body).toMatchObject({ calleePhone: SILENT, huntedPhones: [SILENT, BUSY] });
  });

  it('rings for less than LONGEST_RINGING together, also if the line says more', async () => {
    const id = await newLine([ANSWERS]);
    const phones = [SILENT, DECLINES, BUSY].map((phone) => ({ phone, ringSeconds: 58 }));
    await service.database.query('update service_line set phone = $2, phones = $3 where id = $1', [
      id,
      SILENT,
      JSON.stringify(phones),
    ]);

    const { events } = await shown(await call());

    const detail = events.find(({ type }) => type === 'requested')?.detail;
    expect(detail).toMatchObject({
      hunt: [{ ringSeconds: 58 }, { ringSeconds: 58 }],
      leftOut: [{ why: 'The others ring for as long as LONGEST_RINGING allows.' }],
    });
  });
});

describe('with ONE_CALL_PER_CALLEE, a line with several phones', () => {
  beforeAll(() => startService({ ONE_CALL_PER_CALLEE: 'true' }));
  afterAll(() => service.close());

  it('passes over a number that is in a call, and is busy when each is', async () => {
    const other = TALKS.replace('31', '32');
    const first = await newLine([TALKS, other], { position: 1 });
    const callers = [String(nextCaller), String(nextCaller + 1)];

    const one = await reaches(await call(), '3');
    const two = await reaches(await call(), '3');

    expect([one.calleePhone, two.calleePhone]).toEqual([TALKS, other]);
    expect(two.events.find(({ type }) => type === 'requested')?.detail?.leftOut).toEqual([
      { phone: '138****3113', why: 'It is in another call, and ONE_CALL_PER_CALLEE is true.' },
    ]);
    // A repeated request is answered with its own call.
    expect((await service.ask(callers[0]!, 'callService')).data?.callSid).toBe(one.callSid);
    expect(
      await backend(service).place({ caller: { userId: String(nextCaller++) }, callee: { serviceLine: first } }),
    ).toMatchObject({ status: 429, body: { code: 'SERVICE_LINE_BUSY' } });
    // The next line takes the next call.
    await newLine([ANSWERS], { position: 2 });
    expect(await shown(await call())).toMatchObject({ calleePhone: ANSWERS });
    await service.admin('POST', `calls/${one.callSid}/cancel`);
    await reaches(one.callSid, '4');
    expect(await shown(await call())).toMatchObject({ calleePhone: TALKS });
  });
});

describe('a call that rings a second number', () => {
  // It rings for four seconds, in which a busy machine need not cancel.
  beforeAll(() => startService({ SIMULATOR_SPEED: '5' }));
  afterAll(() => service.close());

  it('is canceled, and rings no other', async () => {
    await newLine([BUSY, SILENT, ANSWERS]);
    const callerId = String(nextCaller);
    const callSid = await call();
    await waitFor('the second number', async () => legsEnded(await shown(callSid)).length === 1);

    expect((await service.ask(callerId, `callCancel/${callSid}`)).data?.isSuccess).toBe('success');

    const over = await reaches(callSid, '4');
    expect(over).toMatchObject({ endReason: 'canceled', calleePhone: SILENT });
    expect(legsEnded(over)).toEqual([[1, 'busy']]);
  });
});
