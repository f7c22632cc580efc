import { SimulatorProvider, randomWebhookSecret } from '../../src/telephony/simulator/simulator.provider.js';
import { scriptFor, SCRIPTS } from '../../src/telephony/simulator/call-script.js';
import type { CallLogEntry } from '../../src/telephony/simulator/call-log.js';
import type { DialRequest } from '../../src/telephony/telephony-provider.js';
import { CARRIER_CLIENTS } from '../support/carrier-clients.js';
import { dialRequest } from '../support/simulator-call.js';
import { startReceiver, type Receiver } from '../support/simulator-receiver.js';
import { waitFor } from '../support/wait-for.js';

const TALK = ['caller_answered', 'ringing', 'answered', 'ended: completed'];

describe.each(CARRIER_CLIENTS)('the simulator whose carrier is $place,', ({ open }) => {
  const secret = randomWebhookSecret();
  let receiver: Receiver;
  let simulator: SimulatorProvider;
  let close: () => Promise<void>;

  beforeAll(async () => {
    receiver = await startReceiver();
    const carrier = await open({ speed: 500, secret, target: receiver.url });
    simulator = new SimulatorProvider(carrier.line, [secret]);
    ({ close } = carrier);
  });
  afterAll(async () => {
    await close();
    await receiver.close();
  });

  const neverAborted = (): AbortSignal => new AbortController().signal;

  const entryOf = async (callSid: string): Promise<CallLogEntry | undefined> =>
    (await simulator.carrier.callLog()).find((entry) => entry.callSid === callSid);

  const receivedEvents = (callSid: string): string[] =>
    receiver.of(callSid).map(({ type, endReason }) => (endReason === undefined ? type : `${type}: ${endReason}`));

  const receivedInTotal = (callSid: string, count: number) =>
    waitFor(`${count} webhooks`, () => receivedEvents(callSid).length >= count && receivedEvents(callSid));

  describe('the script of a callee whose number ends in', () => {
    it.each([
      ['00', TALK],
      ['01', ['caller_answered', 'ended: busy']],
      ['02', ['caller_answered', 'ringing', 'ended: no_answer']],
      ['03', ['caller_answered', 'ringing', 'ended: rejected']],
      ['04', ['caller_answered', 'ended: unreachable']],
      ['05', ['ended: no_answer']],
      ['10', TALK.flatMap((event) => [event, event])],
      ['11', TALK.toReversed()],
      ['12', TALK],
      ['57', TALK],
    ])('%s sends the events %j', async (script, expected) => {
      const request = dialRequest(script);

      const outcome = await simulator.dial(request, neverAborted());

      expect(outcome).toEqual({ kind: 'accepted', providerCallId: expect.stringMatching(/^SIM[0-9a-f]{24}$/) });
      expect(await receivedInTotal(request.callSid, expected.length)).toEqual(expected);
      expect(await entryOf(request.callSid)).toMatchObject({ dials: 1, hangUps: 0, endedByOrder: false });
    });

    it('12 reports that the caller hung up', async () => {
      const request = dialRequest('12');

      await simulator.dial(request, neverAborted());
      await receivedInTotal(request.callSid, TALK.length);

      expect((await entryOf(request.callSid))?.events.at(-1)).toMatchObject({
        endReason: 'completed',
        detail: { leg: 'A' },
      });
    });

    it.each([
      ['06', 'bad_number'],
      ['07', 'bad_account'],
    ])('%s refuses the dial as %s and places no call', async (script, category) => {
      const request = dialRequest(script);

      const outcome = await simulator.dial(request, neverAborted());

      expect(outcome).toEqual({ kind: 'refused', category, code: `SIM-${script}`, text: expect.any(String) });
      expect(await simulator.fetchStatus({ ...request, providerCallId: null })).toEqual({ kind: 'unknown' });
      expect(await entryOf(request.callSid)).toMatchObject({ callId: null, dials: 1, events: [] });
    });

    it('08 does not reply to the dial, but the call takes place', async () => {
      const request = dialRequest('08');
      const controller = new AbortController();
      const replied = jest.fn();

      const dial = simulator.dial(request, controller.signal).finally(replied);
      const refused = expect(dial).rejects.toThrow('enough');

      expect(await receivedInTotal(request.callSid, TALK.length)).toEqual(TALK);
      expect(replied).not.toHaveBeenCalled();
      controller.abort(new Error('enough'));
      await refused;
    });

    it('08 can be found by the callSid after the dial was aborted', async () => {
      const request = dialRequest('08');
      const controller = new AbortController();

      const refused = expect(simulator.dial(request, controller.signal)).rejects.toThrow('enough');
      await waitFor('the call', () => entryOf(request.callSid));
      controller.abort(new Error('enough'));
      await refused;

      expect(await simulator.fetchStatus({ ...request, providerCallId: null })).toMatchObject({ kind: 'known' });
    });

    it('09 fails the dial with 503, and the call is unknown', async () => {
      const request = dialRequest('09');

      await expect(simulator.dial(request, neverAborted())).rejects.toThrow('503');

      expect(await simulator.fetchStatus({ ...request, providerCallId: null })).toEqual({ kind: 'unknown' });
      expect(await entryOf(request.callSid)).toMatchObject({ callId: null, dials: 1 });
    });

    it('13 goes on until it is hung up', async () => {
      const request = dialRequest('13');

      await simulator.dial(request, neverAborted());
      await receivedInTotal(request.callSid, 3);
      const outcome = await simulator.hangUp({ ...request, providerCallId: null });

      expect(outcome).toEqual({ kind: 'taken' });
      expect(await receivedInTotal(request.callSid, TALK.length)).toEqual(TALK);
      expect(await entryOf(request.callSid)).toMatchObject({ hangUps: 1, endedByOrder: true });
    });
  });

  describe('a hang-up on the condition “before answered”', () => {
    const orderFor = (request: DialRequest) => simulator.hangUp({ ...request, providerCallId: null }, 'answered');

    it('ends a call that is not answered yet', async () => {
      const slow = await open({ speed: 1, secret, target: receiver.url });
      const request = dialRequest('13');
      await slow.line.dial(request, neverAborted());

      expect(await slow.line.hangUp({ ...request, providerCallId: null }, 'answered')).toEqual({ kind: 'taken' });

      expect(await receivedInTotal(request.callSid, 1)).toEqual(['ended: canceled']);
      await slow.close();
    });

    it('does not end a call that is answered', async () => {
      const request = dialRequest('13');
      await simulator.dial(request, neverAborted());
      await receivedInTotal(request.callSid, 3);

      expect(await orderFor(request)).toEqual({ kind: 'passed' });

      expect(await entryOf(request.callSid)).toMatchObject({ endedByOrder: false });
    });

    it('is gone for an unknown call', async () => {
      expect(await orderFor(dialRequest('00'))).toEqual({ kind: 'gone' });
    });
  });

  describe('a dial', () => {
    it.each(['00', '06', '09'])('that is repeated is counted and places no second call: script %s', async (script) => {
      const request = dialRequest(script);
      const dial = () => simulator.dial(request, neverAborted()).catch((error: unknown) => String(error));

      const [first, second] = [await dial(), await dial()];

      expect(second).toEqual(first);
      expect((await simulator.carrier.callLog()).filter(({ callSid }) => callSid === request.callSid)).toHaveLength(1);
      expect(await entryOf(request.callSid)).toMatchObject({ dials: 2 });
    });

    it('whose signal is already aborted is not sent', async () => {
      const request = dialRequest('00');

      await expect(simulator.dial(request, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');

      expect(await entryOf(request.callSid)).toBeUndefined();
    });

    it('does not put the credentials into the callLog', async () => {
      const request = dialRequest('00');

      await simulator.dial(request, neverAborted());

      expect(JSON.stringify(await simulator.carrier.callLog())).not.toContain(request.subAccount.secret);
    });
  });

  it('fetchStatus returns the same events as the webhooks', async () => {
    const request = dialRequest('10');
    await simulator.dial(request, neverAborted());
    await receivedInTotal(request.callSid, 2 * TALK.length);

    const status = await simulator.fetchStatus({ ...request, providerCallId: null });

    const byWebhook = receiver.of(request.callSid).flatMap((delivery) => {
      const reading = simulator.readWebhook(delivery);
      return reading.kind === 'genuine' ? reading.events : [];
    });
    expect(byWebhook).toHaveLength(2 * TALK.length);
    expect(status).toEqual({ kind: 'known', events: byWebhook.filter((_, index) => index % 2 === 0) });
    expect(status).toEqual({ kind: 'known', events: byWebhook.filter((_, index) => index % 2 === 1) });
  });

  it('divides the times of a script by the speed', async () => {
    const request = dialRequest('00');
    await simulator.dial(request, neverAborted());
    await receivedInTotal(request.callSid, TALK.length);

    const { events } = (await entryOf(request.callSid)) ?? { events: [] };
    const [first, last] = [events.at(0), events.at(-1)].map((event) => Date.parse(event?.occurredAt ?? ''));
    const { steps } = scriptFor(request.calleePhone);
    const realMs = ((steps.at(-1)?.atSeconds ?? NaN) - (steps.at(0)?.atSeconds ?? NaN)) * 1000;

    expect(realMs).toBe(15_000);
    expect((last ?? NaN) - (first ?? NaN)).toBeGreaterThanOrEqual(realMs / 500 - 5);
  });
});

it('every script has its steps in order of time, and all but script 13 end the call', () => {
  const placed = Object.entries(SCRIPTS).filter(([, { steps }]) => steps.length > 0);

  for (const [, { steps }] of placed) {
    const times = steps.map(({ atSeconds }) => atSeconds);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect(steps.findIndex(({ type }) => type === 'ended')).toBe(
      steps.some(({ endReason }) => endReason) ? steps.length - 1 : -1,
    );
  }
  expect(placed.filter(([, { steps }]) => steps.at(-1)?.type !== 'ended').map(([script]) => script)).toEqual(['13']);
});
