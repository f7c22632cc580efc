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
  return { callSid: request.callSid, providerCallId: outcome.providerCallId };
};

/** A call in which the given thing is the last that has happened, and nothing else does until an order comes. */
const callAt = async (phase: Exclude<ProviderEventType, 'accepted'> | 'nothing', script = '13') => {
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

describe('an order to hang up', () => {
  beforeEach(() => start());

  it.each([
    ['nothing', 'canceled', null],
    ['caller_answered', 'completed', 'no-answer'],
    ['ringing', 'completed', 'no-answer'],
    ['answered', 'completed', 'completed'],
  ] as const)('is taken when %s has happened', async (phase, legA, legB) => {
    const call = await callAt(phase);

    expect(await provider.hangUp(call)).toEqual({ kind: 'taken' });

    expect(statuses(call)).toEqual([legA, legB]);
    const record = () => recordAfter(receiver.eventsOf(call.callSid));
    await waitFor('the end', () => record().endReason);
    expect(record().endReason).toBe(phase === 'answered' ? 'completed' : 'canceled');
  });

  it('finds a call gone that is over, and one that Twilio does not know', async () => {
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

  it('is refused where Twilio says no, and throws where the call’s id is not known or is none', async () => {
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

  it('for a call that Twilio does not know leaves its status unknown', async () => {
    const call = await callAt('nothing');
    const providerCallId = call.providerCallId.replace(/.{8}$/, '00000000');

    expect(await provider.fetchStatus({ ...call, providerCallId })).toEqual({ kind: 'unknown' });
  });
});

describe.each(['refuse', 'ignore'] as const)(
  'an order on condition, where Twilio would %s a cancel',
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
    ] as const)('before %s, when %s has happened, is %s', async (before, phase, kind) => {
      const call = await callAt(phase);

      expect(await provider.hangUp(call, before)).toEqual({ kind });

      const isOver = ['canceled', 'completed'].includes(statuses(call)[0] ?? '');
      expect(isOver).toBe(kind === 'taken');
    });

    it('before answered ends as canceled, and the caller hears of no error', async () => {
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

    it.each(['ringing', 'answered'] as const)(
      'before %s is gone where the caller was never reached',
      async (before) => {
        const call = await callAt('nothing');
        await provider.hangUp(call);

        expect(await provider.hangUp(call, before)).toEqual({ kind: 'gone' });
      },
    );

    it('before answered is passed for a talk that is over, and gone for a call that was busy', async () => {
      const [talked, busy] = [await callAt('ended', '00'), await callAt('ended', '01')];
      await waitFor('leg A', () => server.callOf(busy.providerCallId).legA.endedAt);

      expect(await provider.hangUp(talked, 'answered')).toEqual({ kind: 'passed' });
      expect(await provider.hangUp(busy, 'answered')).toEqual({ kind: 'gone' });
    });
  },
);

describe('an order that races with whoever picks up', () => {
  beforeEach(() => start());

  const picksUp = (leg: 'legA' | 'legB') => (call: Call) => {
    const world = { now: () => new Date(), post: async () => null } as unknown as CallWorld;
    progress(world, call, call[leg]!, 'in-progress');
  };

  it('leaves leg B alone that picked up the moment before, and cuts nobody off', async () => {
    const call = await callAt('ringing');
    // The first order is for leg A, the second for leg B.
    server.beforeNextOrder(() => server.beforeNextOrder(picksUp('legB')));

    expect(await provider.hangUp(call, 'answered')).toEqual({ kind: 'passed' });

    expect(statuses(call)).toEqual(['in-progress', 'in-progress']);
  });

  it('before ringing leaves leg A alone that picked up the moment before', async () => {
    const call = await callAt('nothing');
    server.beforeNextOrder(picksUp('legA'));

    expect(await provider.hangUp(call, 'ringing')).toEqual({ kind: 'passed' });

    expect(statuses(call)[0]).toBe('in-progress');
  });
});

describe('an order, when Twilio’s records are late or say otherwise,', () => {
  const legs = (over: Partial<Legs>): Legs => ({
    end: async () => 'ringing',
    statusOf: async () => 'ringing',
    childOf: async () => null,
    ...over,
  });
  const shown = (...statuses: Awaited<ReturnType<Legs['statusOf']>>[]) => {
    let looks = 0;
    return async () => statuses[Math.min(looks++, statuses.length - 1)]!;
  };
  beforeEach(() => start());

  it('is taken once they show it', async () => {
    const late = legs({ statusOf: shown('ringing', 'ringing', 'canceled') });

    expect(await hangUpLegs(late, 'A', 'ringing')).toEqual({ kind: 'taken' });
  });

  it('is passed once they show that somebody was faster', async () => {
    const late = legs({ statusOf: shown('ringing', 'in-progress') });

    expect(await hangUpLegs(late, 'A', 'ringing')).toEqual({ kind: 'passed' });
  });

  it('has an unknown outcome when they never show it', async () => {
    await expect(hangUpLegs(legs({}), 'A', 'answered')).rejects.toThrow('do not show the outcome');
  });

  it('before answered is refused, and touches nothing, while there is no leg B to cancel', async () => {
    const orders: string[] = [];
    const end: Legs['end'] = async (sid, as) => {
      orders.push(`${sid} ${as}`);
      return 'in-progress';
    };

    const outcome = await hangUpLegs(legs({ end }), 'A', 'answered');

    expect(outcome).toMatchObject({ kind: 'refused', category: 'forbidden', code: 'NO-LEG-B' });
    expect(orders).toEqual(['A canceled']);
  });

  it('is carried out as a cancel where Twilio completes no leg that rings', async () => {
    const end: Legs['end'] = async (_, as) => (as === 'completed' ? 'invalid state' : 'canceled');

    expect(await hangUpLegs(legs({ end }), 'A')).toEqual({ kind: 'taken' });
  });

  it('is never said to be carried out while the call goes on', async () => {
    const end: Legs['end'] = async () => 'invalid state';

    await expect(hangUpLegs(legs({ end, statusOf: shown('in-progress') }), 'A')).rejects.toThrow('in progress');
  });

  it('is taken once leg B is canceled, even if nobody knows what became of the order for leg A', async () => {
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
