/** What every provider must do, whoever it is: the same tests on the simulator and on a real Asterisk. */
import { ProviderChoice } from '../../src/telephony/provider-choice.js';
import type { TelephonyProvider } from '../../src/telephony/telephony-provider.js';
import { fetchAsterisk, describeOnAsterisk, startAsterisk, type Asterisk } from '../asterisk/asterisk.js';
import { numberOf, shownCall, startPbxService, type ShownCall } from '../asterisk/pbx-service.js';
import { startPhone, type Phone } from '../asterisk/phone.js';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const missing = await fetchAsterisk();

/** What leg B does; leg A answers. */
type Scenario = 'answers and hangs up' | 'answers and talks on' | 'rings on' | 'is busy' | 'declines';

interface Bench {
  readonly service: TestApp;
  /** The two numbers of a call that goes as the scenario says. */
  numbers(scenario: Scenario): Promise<{ readonly callerPhone: string; readonly calleePhone: string }>;
  close(): Promise<void>;
}

const onSimulator = async (): Promise<Bench> => {
  const endings: Readonly<Record<Scenario, string>> = {
    'answers and hangs up': '00',
    'answers and talks on': '13',
    'rings on': '02',
    'is busy': '01',
    declines: '03',
  };
  const service = await startTestApp({ environment: { SIMULATOR_SPEED: '10' } });
  return {
    service,
    numbers: async (scenario) => ({ callerPhone: '+8613900001001', calleePhone: `+86138000020${endings[scenario]}` }),
    close: () => service.close(),
  };
};

const onAsterisk = async (): Promise<Bench> => {
  const asterisk: Asterisk = await startAsterisk();
  const service = await startPbxService(asterisk, { RING_CALLER: '20', RING_CALLEE: '20' });
  const phones: Phone[] = [];
  const habits = {
    'answers and hangs up': { talkMs: 300 },
    'answers and talks on': {},
    'rings on': { ringMs: 60_000 },
    'is busy': { refusal: '486 Busy Here' },
    declines: { refusal: '603 Decline' },
  };
  return {
    service,
    async numbers(scenario) {
      const [legA, legB] = [await startPhone(asterisk.folder), await startPhone(asterisk.folder, habits[scenario])];
      phones.push(legA, legB);
      return { callerPhone: numberOf(legA), calleePhone: numberOf(legB) };
    },
    async close() {
      await service.close();
      await Promise.all(phones.map((phone) => phone.end()));
      await asterisk.remove();
    },
  };
};

const conforms = (start: () => Promise<Bench>): void => {
  let bench: Bench;
  let provider: TelephonyProvider;

  beforeAll(async () => {
    bench = await start();
    provider = bench.service.app.nest.get(ProviderChoice).all[0]!;
  });
  afterAll(() => bench.close());

  /** Dialled by the provider itself; what it tells comes to the record by its webhooks, or by its stream. */
  const dial = async (scenario: Scenario) => {
    const { callerPhone, calleePhone } = await bench.numbers(scenario);
    const { callSid } = await storeCall(bench.service.database, { provider: provider.name, callerPhone, calleePhone });
    const subAccount = { externalId: 'account', secret: 'secret' };
    const request = { callSid, callerPhone, calleePhone, subAccount };
    const outcome = await provider.dial(request, AbortSignal.timeout(10_000));
    if (outcome.kind !== 'accepted') throw new Error(`the dial was refused: ${outcome.text}`);
    return { callSid, providerCallId: outcome.providerCallId };
  };
  const told = async (callSid: string, type: string): Promise<ShownCall> =>
    waitFor(`${type} to be told`, async () => {
      const call = await shownCall(bench.service, callSid);
      return call.events.some((event) => event.type === type) && call;
    });

  it.each([
    ['answers and hangs up', ['caller_answered', 'ringing', 'answered', 'ended'], 'completed'],
    ['is busy', ['caller_answered', 'ended'], 'busy'],
    ['declines', ['caller_answered', 'ended'], 'rejected'],
  ] as const)('tells of a call whose callee %s', async (scenario, types, endReason) => {
    const { callSid } = await dial(scenario);

    const call = await told(callSid, 'ended');

    expect(call).toMatchObject({ stateType: '4', endReason });
    expect(call.events.map(({ type }) => type)).toEqual(expect.arrayContaining([...types]));
    expect(call.events.some(({ type }) => type === 'answered')).toBe(endReason === 'completed');
  });

  it('tells the same, under the same ids, when it is asked', async () => {
    const call = await dial('answers and hangs up');
    await told(call.callSid, 'ended');

    const status = await provider.fetchStatus(call);

    if (status.kind !== 'known') throw new Error('the call is not known any more');
    const { events } = await shownCall(bench.service, call.callSid);
    const ids = events.filter((event) => event.provider === provider.name).map(({ eventId }) => eventId);
    expect(status.events.map(({ eventId }) => eventId).sort()).toEqual(ids.sort());
    expect(status.events.at(-1)).toMatchObject({ type: 'ended', endReason: 'completed', callSid: call.callSid });
  });

  it('tells of a call that goes on as far as it has come', async () => {
    const call = await dial('answers and talks on');
    await told(call.callSid, 'answered');

    const status = await provider.fetchStatus(call);

    expect(status).toMatchObject({ kind: 'known' });
    expect(status.kind === 'known' && status.events.map(({ type }) => type)).toEqual([
      'caller_answered',
      'ringing',
      'answered',
    ]);
    await provider.hangUp(call);
    await told(call.callSid, 'ended');
  });

  it('knows no call that it was never told to place, and has none to hang up', async () => {
    const nobody = { callSid: '9'.repeat(32), providerCallId: null };

    expect(await provider.fetchStatus(nobody)).toEqual({ kind: 'unknown' });
    expect(await provider.hangUp(nobody)).toEqual({ kind: 'gone' });
    expect(await provider.hangUp(nobody, 'answered')).toEqual({ kind: 'gone' });
  });

  it('hangs up while the callee’s phone rings, and again without harm', async () => {
    const call = await dial('rings on');
    await told(call.callSid, 'ringing');

    expect(await provider.hangUp(call)).toEqual({ kind: 'taken' });

    expect(['taken', 'gone']).toContain((await provider.hangUp(call)).kind);
    expect(await told(call.callSid, 'ended')).toMatchObject({ stateType: '4', endReason: 'canceled' });
  });

  it('hangs up a talk, which is then completed', async () => {
    const call = await dial('answers and talks on');
    await told(call.callSid, 'answered');

    expect(await provider.hangUp(call)).toEqual({ kind: 'taken' });

    expect(await told(call.callSid, 'ended')).toMatchObject({ endReason: 'completed' });
  });

  it('hangs up before an answer what has not been answered, and leaves alone what has', async () => {
    const ringing = await dial('rings on');
    await told(ringing.callSid, 'ringing');
    expect(await provider.hangUp(ringing, 'ringing')).toEqual({ kind: 'passed' });
    expect(await provider.hangUp(ringing, 'answered')).toEqual({ kind: 'taken' });
    expect(await told(ringing.callSid, 'ended')).toMatchObject({ endReason: 'canceled' });

    const talking = await dial('answers and talks on');
    await told(talking.callSid, 'answered');
    expect(await provider.hangUp(talking, 'answered')).toEqual({ kind: 'passed' });
    expect((await shownCall(bench.service, talking.callSid)).stateType).toBe('3');
    await provider.hangUp(talking);
  });

  it('can be reached', async () => {
    expect(await provider.isReachable()).toBe(true);
  });
};

describe('the simulator', () => {
  conforms(onSimulator);
});
describeOnAsterisk(missing, 'a real Asterisk', () => {
  conforms(onAsterisk);
});
