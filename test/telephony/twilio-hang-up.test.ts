import type { ProviderEventType } from '../../src/telephony/telephony-provider.js';
import { hangUpLegs, type Legs } from '../../src/telephony/twilio/hang-up.js';
import type { TwilioProvider } from '../../src/telephony/twilio/twilio.provider.js';
import { ACCOUNTS, CALLER_NUMBER, noTimeout, twilioDial, twilioProvider } from '../support/twilio-call.js';
import { progress, type Call, type CallWorld } from '../support/twilio-calls.js';
import { recordAfter, startTwilioReceiver, type TwilioReceiver } from '../support/twilio-receiver.js';
import { startTwilioServer, type TwilioServer, type TwilioServerOptions } from '../support/twilio-server.js';
import { waitFor } from '../support/wait-for.js';

let server: TwilioServer;
let receiver: TwilioReceiver;
let provider: TwilioProvider;

const start = async (options: Partial<TwilioServerOptions> = {}) => {
  receiver = await startTwilioReceiver(() => provider);
  server = await startTwilioServer({ accounts: ACCOUNTS, callerNumbers: [CALLER_NUMBER], speed: 20, ...options });
  provider = twilioProvider({ apiUrl: server.url, publicUrl: receiver.url });
};
afterEach(async () => {
  await provider.close();
  await server.close();
  await receiver.close();
});

const place = async (script: string) => {
  const request = twilioDial(script);
  const outcome = await provider.dial(request, noTimeout());
  if (outcome.kind !== 'accepted') throw new Error(outcome.text);
  return { callSid: request.callSid, providerCallId: outcome.providerCallId! };
};

/** A call just after the given event. Nothing else happens to it until a hang-up is sent. */
const callAt = async (phase: Exclude<ProviderEventType, 'accepted' | 'leg_ended'> | 'nothing', script = '13') => {
  server.holdAt(phase);
  const call = await place(script);
  const types = () => receiver.eventsOf(call.callSid).map(({ type }) => type);
  if (phase !== 'nothing') await waitFor(phase, () => types().includes(phase));
  return call;
};

const statuses = ({ providerCallId }: { providerCallId: string }) => {
  const { legA, legB } = server.callOf(providerCallId);
  return [legA.status, legB?.status ?? null];
};

describe('a hang-up', () => {
  beforeEach(() => start());

  it.each([
    ['nothing', 'canceled', null],
    ['caller_answered', 'completed', 'no-answer'],
    ['ringing', 'completed', 'no-answer'],
    ['answered', 'completed', 'completed'],
  ] as const)('is taken after %s', async (phase, legA, legB) => {
    const call = await callAt(phase);

    expect(await provider.hangUp(call)).toEqual({ kind: 'taken' });

    expect(statuses(call)).toEqual([legA, legB]);
    const record = () => recordAfter(receiver.eventsOf(call.callSid));
    await waitFor('the end', () => record().endReason);
    expect(record().endReason).toBe(phase === 'answered' ? 'completed' : 'canceled');
  });

  it('is answered with gone for a call that has ended, and for a call that Twilio does not know', async () => {
    const call = await callAt('ended', '01');
    await waitFor('leg A', () => server.callOf(call.providerCallId).legA.endedAt);

    expect(await provider.hangUp(call)).toEqual({ kind: 'gone' });
    const unknown = { ...call, providerCallId: call.providerCallId.replace(/.{8}$/, '00000000') };
    expect(await provider.hangUp(unknown)).toEqual({ kind: 'gone' });
  });

  it('may be repeated', async () => {
    const call = await callAt('answered');

    expect([await provider.hangUp(call), await provider.hangUp(call)]).toEqual([{ kind: 'taken' }, { kind: 'gone' }]);
  });

  it('is refused when Twilio refuses it, and throws when the call’s id is missing or invalid', async () => {
    const call = await callAt('nothing');
    server.answerNext(401, JSON.stringify({ code: 20003, message: 'Authenticate', status: 401 }));

    expect(await provider.hangUp(call)).toMatchObject({ kind: 'refused', category: 'bad_account', code: '20003' });
    await expect(provider.hangUp({ ...call, providerCallId: null })).rejects.toThrow(
      'neither its id nor its dial is known',
    );
    await expect(provider.fetchStatus({ ...call, providerCallId: null })).rejects.toThrow(
      'neither its id nor its dial is known',
    );
    await expect(provider.hangUp({ ...call, providerCallId: 'CA1' })).rejects.toThrow('none of Twilio');
  });
});

describe('fetchStatus', () => {
  beforeEach(() => start());

  it('returns unknown for a call that Twilio does not know', async () => {
    const call = await callAt('nothing');
    const providerCallId = call.providerCallId.replace(/.{8}$/, '00000000');

    expect(await provider.fetchStatus({ ...call, providerCallId })).toEqual({ kind: 'unknown' });
  });
});

describe.each(['refuse', 'ignore'] as const)(
  'a conditional hang-up, if Twilio would %s a cancel of an answered call,',
  (cancelOfAnswered) => {
    beforeEach(() => start({ cancelOfAnswered }));

    it.each([
      ['ringing', 'nothing', 'taken'],
      ['ringing', 'caller_answered', 'passed'],
      ['ringing', 'ringing', 'passed'],
      ['ringing', 'answered', 'passed'],
      ['answered', 'nothing', 'taken'],
      ['answered', 'caller_answered', 'taken'],
      ['answered', 'ringing', 'taken'],
      ['answered', 'answered', 'passed'],
    ] as const)('before %s, sent after %s, is %s', async (before, phase, kind) => {
      const call = await callAt(phase);

      expect(await provider.hangUp(call, before)).toEqual({ kind });

      const isOver = ['canceled', 'completed'].includes(statuses(call)[0] ?? '');
      expect(isOver).toBe(kind === 'taken');
    });

    it('before answered ends the call as canceled, without an application error', async () => {
      const call = await callAt('ringing');

      await provider.hangUp(call, 'answered');

      await waitFor('both legs', () => statuses(call)[0] === 'completed');
      const ended = await waitFor('the end', () =>
        receiver.eventsOf(call.callSid).find(({ type }) => type === 'ended'),
      );
      expect(ended.endReason).toBe('canceled');
      expect(statuses(call)).toEqual(['completed', 'canceled']);
      expect(server.applicationErrors).toEqual([]);
    });

    it.each(['ringing', 'answered'] as const)('before %s is gone when the caller was never reached', async (before) => {
      const call = await callAt('nothing');
      await provider.hangUp(call);

      expect(await provider.hangUp(call, before)).toEqual({ kind: 'gone' });
    });

    it('before answered is passed for an answered call that has ended, and gone for a call that was busy', async () => {
      const [talked, busy] = [await callAt('ended', '00'), await callAt('ended', '01')];
      await waitFor('leg A', () => server.callOf(busy.providerCallId).legA.endedAt);

      expect(await provider.hangUp(talked, 'answered')).toEqual({ kind: 'passed' });
      expect(await provider.hangUp(busy, 'answered')).toEqual({ kind: 'gone' });
    });
  },
);

describe('a conditional hang-up that races with an answer', () => {
  beforeEach(() => start());

  const answers = (leg: 'legA' | 'legB') => (call: Call) => {
    const world = { now: () => new Date(), post: async () => null } as unknown as CallWorld;
    progress(world, call, call[leg]!, 'in-progress');
  };

  it('does not end leg B when it was answered a moment before', async () => {
    const call = await callAt('ringing');
    // The first request is for leg A, the second for leg B.
    server.beforeNextOrder(() => server.beforeNextOrder(answers('legB')));

    expect(await provider.hangUp(call, 'answered')).toEqual({ kind: 'passed' });

    expect(statuses(call)).toEqual(['in-progress', 'in-progress']);
  });

  it('before ringing does not end leg A when it was answered a moment before', async () => {
    const call = await callAt('nothing');
    server.beforeNextOrder(answers('legA'));

    expect(await provider.hangUp(call, 'ringing')).toEqual({ kind: 'passed' });

    // The call's own script goes on, and may let the phone ring again.
    expect(['in-progress', 'ringing']).toContain(statuses(call)[0]);
  });
});

describe('a hang-up, when Twilio’s records are late or contradict it,', () => {
  const legs = (over: Partial<Legs>): Legs => ({
    end: async () => 'ringing',
    statusOf: async () => 'ringing',
    childOf: async () => null,
    ...over,
  });
  const shown = (...statuses: Awaited<ReturnType<Legs['statusOf']>>[]) => {
    let reads = 0;
    return async () => statuses[Math.min(reads++, statuses.length - 1)]!;
  };
  beforeEach(() => start());

  it('is taken as soon as the records show it', async () => {
    const late = legs({ statusOf: shown('ringing', 'ringing', 'canceled') });

    expect(await hangUpLegs(late, 'A', 'ringing')).toEqual({ kind: 'taken' });
  });

  it('is passed as soon as the records show an answer', async () => {
    const late = legs({ statusOf: shown('ringing', 'in-progress') });

    expect(await hangUpLegs(late, 'A', 'ringing')).toEqual({ kind: 'passed' });
  });

  it('has an unknown outcome when the records never show it', async () => {
    await expect(hangUpLegs(legs({}), 'A', 'answered')).rejects.toThrow('do not show the outcome');
  });

  it('before answered is refused, and changes nothing, while there is no leg B to cancel', async () => {
    const orders: string[] = [];
    const end: Legs['end'] = async (sid, as) => {
      orders.push(`${sid} ${as}`);
      return 'in-progress';
    };

    const outcome = await hangUpLegs(legs({ end }), 'A', 'answered');

    expect(outcome).toMatchObject({ kind: 'refused', category: 'forbidden', code: 'NO-LEG-B' });
    expect(orders).toEqual(['A canceled']);
  });

  it('is carried out as a cancel when Twilio refuses to complete a ringing leg', async () => {
    const end: Legs['end'] = async (_, as) => (as === 'completed' ? 'invalid state' : 'canceled');

    expect(await hangUpLegs(legs({ end }), 'A')).toEqual({ kind: 'taken' });
  });

  it('throws when the call is still in progress', async () => {
    const end: Legs['end'] = async () => 'invalid state';

    await expect(hangUpLegs(legs({ end, statusOf: shown('in-progress') }), 'A')).rejects.toThrow('in progress');
  });

  it('is taken when leg B is canceled, even if the request for leg A has no reply', async () => {
    const end: Legs['end'] = async (sid, as) => {
      if (as === 'completed') throw new Error('no reply');
      return sid === 'B' ? 'canceled' : 'in-progress';
    };

    const outcome = await hangUpLegs(
      legs({ end, childOf: async () => ({ sid: 'B', status: 'ringing' }) }),
      'A',
      'answered',
    );

    expect(outcome).toEqual({ kind: 'taken' });
  });
});
