import { SimulatorProvider, randomWebhookSecret } from '../../src/telephony/simulator/simulator.provider.js';
import { scriptFor, SCRIPTS } from '../../src/telephony/simulator/call-script.js';
import type { CallLogEntry } from '../../src/telephony/simulator/call-log.js';
import type { DialRequest } from '../../src/telephony/telephony-provider.js';
import { CARRIER_CLIENTS } from '../support/carrier-clients.js';
import { dialRequest } from '../support/simulator-call.js';
import { startReceiver, type Receiver } from '../support/simulator-receiver.js';
import { waitFor } from '../support/wait-for.js';

const TALK = ['caller_answered', 'ringing', 'answered', 'ended: completed'];

describe.each(CARRIER_CLIENTS)('the simulator whose carrier is $place', ({ open }) => {
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

  const patient = (): AbortSignal => new AbortController().signal;

  const entryOf = async (callSid: string): Promise<CallLogEntry | undefined> =>
    (await simulator.carrier.callLog()).find((entry) => entry.callSid === callSid);

  const told = (callSid: string): string[] =>
    receiver.of(callSid).map(({ type, endReason }) => (endReason === undefined ? type : `${type}: ${endReason}`));

  const toldInAll = (callSid: string, count: number) =>
    waitFor(`${count} webhooks`, () => told(callSid).length >= count && told(callSid));

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
    ])('%s is told as %j', async (script, expected) => {
      const request = dialRequest(script);

      const outcome = await simulator.dial(request, patient());

      expect(outcome).toEqual({ kind: 'accepted', providerCallId: expect.stringMatching(/^SIM[0-9a-f]{24}$/) });
      expect(await toldInAll(request.callSid, expected.length)).toEqual(expected);
      expect(await entryOf(request.callSid)).toMatchObject({ dials: 1, hangUps: 0, endedByOrder: false });
    });

    it('12 says that it was the caller who hung up', async () => {
      const request = dialRequest('12');

      await simulator.dial(request, patient());
      await toldInAll(request.callSid, TALK.length);

      expect((await entryOf(request.callSid))?.events.at(-1)).toMatchObject({
        endReason: 'completed',
        detail: { leg: 'A' },
      });
    });

    it.each([
      ['06', 'bad_number'],
      ['07', 'bad_account'],
    ])('%s refuses the dial as %s and rings nobody', async (script, category) => {
      const request = dialRequest(script);

      const outcome = await simulator.dial(request, patient());

      expect(outcome).toEqual({ kind: 'refused', category, code: `SIM-${script}`, text: expect.any(String) });
      expect(await simulator.fetchStatus({ ...request, providerCallId: null })).toEqual({ kind: 'unknown' });
      expect(await entryOf(request.callSid)).toMatchObject({ callId: null, dials: 1, events: [] });
    });

    it('08 never replies to the dial until that is aborted, and yet the call takes place', async () => {
      const request = dialRequest('08');
      const impatience = new AbortController();
      const replied = jest.fn();

      const dial = simulator.dial(request, impatience.signal).finally(replied);
      const refused = expect(dial).rejects.toThrow('enough');

      expect(await toldInAll(request.callSid, TALK.length)).toEqual(TALK);
      expect(replied).not.toHaveBeenCalled();
      impatience.abort(new Error('enough'));
      await refused;
    });

    it('08 is found by the callSid alone once the dial was given up', async () => {
      const request = dialRequest('08');
      const impatience = new AbortController();

      const refused = expect(simulator.dial(request, impatience.signal)).rejects.toThrow('enough');
      await waitFor('the call', () => entryOf(request.callSid));
      impatience.abort(new Error('enough'));
      await refused;

      expect(await simulator.fetchStatus({ ...request, providerCallId: null })).toMatchObject({ kind: 'known' });
    });

    it('09 fails the dial without a word on what became of it, and has no such call', async () => {
      const request = dialRequest('09');

      await expect(simulator.dial(request, patient())).rejects.toThrow('503');

      expect(await simulator.fetchStatus({ ...request, providerCallId: null })).toEqual({ kind: 'unknown' });
      expect(await entryOf(request.callSid)).toMatchObject({ callId: null, dials: 1 });
    });

    it('13 talks until it is hung up', async () => {
      const request = dialRequest('13');

      await simulator.dial(request, patient());
      await toldInAll(request.callSid, 3);
      const outcome = await simulator.hangUp({ ...request, providerCallId: null });

      expect(outcome).toEqual({ kind: 'taken' });
      expect(await toldInAll(request.callSid, TALK.length)).toEqual(TALK);
      expect(await entryOf(request.callSid)).toMatchObject({ hangUps: 1, endedByOrder: true });
    });
  });

  describe('an order to hang up that holds only before an answer', () => {
    const orderFor = (request: DialRequest) => simulator.hangUp({ ...request, providerCallId: null }, 'answered');

    it('ends a call that is not answered yet', async () => {
      const slow = await open({ speed: 1, secret, target: receiver.url });
      const request = dialRequest('13');
      await slow.line.dial(request, patient());

      expect(await slow.line.hangUp({ ...request, providerCallId: null }, 'answered')).toEqual({ kind: 'taken' });

      expect(await toldInAll(request.callSid, 1)).toEqual(['ended: canceled']);
      await slow.close();
    });

    it('leaves a talk to go on', async () => {
      const request = dialRequest('13');
      await simulator.dial(request, patient());
      await toldInAll(request.callSid, 3);

      expect(await orderFor(request)).toEqual({ kind: 'passed' });

      expect(await entryOf(request.callSid)).toMatchObject({ endedByOrder: false });
    });

    it('is gone for a call that nobody has heard of', async () => {
      expect(await orderFor(dialRequest('00'))).toEqual({ kind: 'gone' });
    });
  });

  describe('a dial', () => {
    it.each(['00', '06', '09'])(
      'that is repeated is counted, with script %s too, and places no second call',
      async (script) => {
        const request = dialRequest(script);
        const dial = () => simulator.dial(request, patient()).catch((error: unknown) => String(error));

        const [first, second] = [await dial(), await dial()];

        expect(second).toEqual(first);
        expect((await simulator.carrier.callLog()).filter(({ callSid }) => callSid === request.callSid)).toHaveLength(
          1,
        );
        expect(await entryOf(request.callSid)).toMatchObject({ dials: 2 });
      },
    );

    it('that is aborted beforehand is not placed', async () => {
      const request = dialRequest('00');

      await expect(simulator.dial(request, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');

      expect(await entryOf(request.callSid)).toBeUndefined();
    });

    it('leaves the credentials out of the callLog', async () => {
      const request = dialRequest('00');

      await simulator.dial(request, patient());

      expect(JSON.stringify(await simulator.carrier.callLog())).not.toContain(request.subAccount.secret);
    });
  });

  it('tells by fetchStatus the very events that it tells by webhook', async () => {
    const request = dialRequest('10');
    await simulator.dial(request, patient());
    await toldInAll(request.callSid, 2 * TALK.length);

    const status = await simulator.fetchStatus({ ...request, providerCallId: null });

    const byWebhook = receiver.of(request.callSid).flatMap((delivery) => {
      const reading = simulator.readWebhook(delivery);
      return reading.kind === 'genuine' ? reading.events : [];
    });
    expect(byWebhook).toHaveLength(2 * TALK.length);
    expect(status).toEqual({ kind: 'known', events: byWebhook.filter((_, index) => index % 2 === 0) });
    expect(status).toEqual({ kind: 'known', events: byWebhook.filter((_, index) => index % 2 === 1) });
  });

  it('holds the time of a script to the speed', async () => {
    const request = dialRequest('00');
    await simulator.dial(request, patient());
    await toldInAll(request.callSid, TALK.length);

    const { events } = (await entryOf(request.callSid)) ?? { events: [] };
    const [first, last] = [events.at(0), events.at(-1)].map((event) => Date.parse(event?.occurredAt ?? ''));
    const { steps } = scriptFor(request.calleePhone);
    const lifelikeMs = ((steps.at(-1)?.atSeconds ?? NaN) - (steps.at(0)?.atSeconds ?? NaN)) * 1000;

    expect(lifelikeMs).toBe(15_000);
    expect((last ?? NaN) - (first ?? NaN)).toBeGreaterThanOrEqual(lifelikeMs / 500 - 5);
  });
});

it('has every script in order of time, and ends each that was placed but one', () => {
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
