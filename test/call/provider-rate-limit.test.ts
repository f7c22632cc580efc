/** A provider's rate limit and its limit of concurrent calls apply to all replicas together. */
import { PATIENCE_MS } from '../../src/call/placement/provider-rate-limit.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';
import { waitFor } from '../support/wait-for.js';

const SYSTEM = { returnCode: 500, returnMsg: '系统内部异常!' };
const CANCELED = { data: { isSuccess: 'success' }, returnCode: 200, returnMsg: 'success' };

let telephony: TwoProviders;
/** A database that two services share. */
let database: TestDatabase | undefined;

const start = async (environment: Record<string, string>): Promise<void> => {
  telephony = await startTwoProviders({ ROUTES: '=twilio', ...environment });
};
afterEach(async () => {
  await telephony.close();
  await database?.drop();
  database = undefined;
});

const users = (count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => telephony.user('twilio', 'yuntongxun')));
const callAll = (callers: readonly string[], target = '2013') =>
  Promise.all(callers.map((caller) => telephony.service.ask(caller, `call/${target}`)));

interface Row {
  readonly callSid: string;
  readonly provider: string;
  readonly turnAt: Date | null;
  readonly code: string | null;
}
const rows = (): Promise<Row[]> =>
  telephony.service.database.query(
    `select call.call_sid as "callSid", call.provider, nullif(call.turn_at, 'infinity') as "turnAt", event.detail ->> 'code' as code
     from call_records call
     left join call_events event on event.call_sid = call.call_sid and event.type in ('refused', 'passed_over')
     order by call.turn_at`,
  );
const gapsMs = (calls: readonly Row[]): number[] =>
  calls.slice(1).map((call, at) => call.turnAt!.getTime() - calls[at]!.turnAt!.getTime());

describe('the limit of calls per second', () => {
  it('spreads a burst over several seconds, and refuses calls that would wait too long', async () => {
    await start({ TWILIO_CALLS_PER_SECOND: '1' });
    const callers = await users(10);

    const answers = await callAll(callers);

    const taken = answers.filter(({ returnCode }) => returnCode === 200);
    const refused = answers.filter(({ returnCode }) => returnCode !== 200);
    // One at once, and one each second up to the maximum wait; on a busy machine, some requests arrive later.
    expect(taken.length).toBeGreaterThanOrEqual(PATIENCE_MS / 1_000);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused).toEqual(refused.map(() => SYSTEM));
    const calls = await rows();
    const dialled = calls.filter(({ code }) => code === null);
    expect(Math.min(...gapsMs(dialled))).toBeGreaterThan(990);
    expect(telephony.twilio.calls.size).toBe(taken.length);
    expect(calls.filter(({ code }) => code === 'RB-PER-SECOND')).toHaveLength(refused.length);
  });

  it('applies to two replicas together', async () => {
    database = await createTestDatabase();
    const environment = { ROUTES: '=twilio', TWILIO_CALLS_PER_SECOND: '4' };
    telephony = await startTwoProviders(environment, database.url);
    const other = await startTwoProviders(environment, database.url);
    try {
      const callers = await users(8);

      await Promise.all(
        callers.map((caller, index) => (index % 2 ? telephony : other).service.ask(caller, 'call/2013')),
      );

      const calls = await rows();
      expect(calls).toHaveLength(8);
      expect(Math.min(...gapsMs(calls))).toBeGreaterThan(240);
    } finally {
      await other.close();
    }
  });

  it('passes a call that would wait too long to the next provider on the route', async () => {
    await start({ ROUTES: '=twilio/yuntongxun', TWILIO_CALLS_PER_SECOND: '0.1' });
    const [first = '', second = ''] = await users(2);
    await telephony.service.ask(first, 'call/2013');

    expect(await telephony.service.ask(second, 'call/2013')).toMatchObject({ returnCode: 200 });

    expect(await rows()).toMatchObject([
      { provider: 'twilio', code: null },
      { provider: 'yuntongxun', code: 'RB-PER-SECOND' },
    ]);
  });
});

describe('the limit of concurrent calls', () => {
  it('is never exceeded, and a waiting call takes the slot of a call that ends', async () => {
    await start({ TWILIO_CALLS_AT_ONCE: '3' });
    const callers = await users(6);

    const [answers] = await Promise.all([
      callAll(callers),
      waitFor('three to be dialled', () => telephony.twilio.calls.size === 3).then(async () => {
        const [call] = await rows();
        const [row] = await telephony.service.database.query<{ callerId: string }[]>(
          'select caller_id as "callerId" from call_records where call_sid = $1',
          [call!.callSid],
        );
        expect(await telephony.service.ask(row!.callerId, `callCancel/${call!.callSid}`)).toEqual(CANCELED);
      }),
    ]);

    expect(answers.map(({ returnCode }) => returnCode).sort()).toEqual([200, 200, 200, 200, 500, 500]);
    expect(telephony.twilio.calls.size).toBe(4);
    expect((await rows()).filter(({ code }) => code === 'RB-AT-ONCE')).toHaveLength(2);
  });
});

describe('a call that waits for its dial slot', () => {
  it('can be canceled, and then is not dialed', async () => {
    await start({ TWILIO_CALLS_PER_SECOND: '0.5' });
    const [first = '', second = ''] = await users(2);
    await telephony.service.ask(first, 'call/2013');

    const placing = telephony.service.ask(second, 'call/2013');
    const waiting = await waitFor('the second to wait', async () => {
      const calls = await rows();
      return calls.length === 2 && calls.find(({ turnAt }) => turnAt !== null && turnAt.getTime() > Date.now());
    });
    expect(await telephony.service.ask(second, `callCancel/${waiting.callSid}`)).toEqual(CANCELED);

    expect(await placing).toMatchObject({ returnCode: 200, data: { callSid: waiting.callSid } });
    expect(await telephony.service.ask(second, `callState/${waiting.callSid}`)).toMatchObject({
      data: { stateType: '4' },
    });
    expect(telephony.twilio.calls.size).toBe(1);
    const ends = await telephony.service.database.query<unknown[]>(
      'select end_reason as reason from call_records where call_sid = $1',
      [waiting.callSid],
    );
    expect(ends).toEqual([{ reason: 'canceled' }]);
  });
});
