/** How each callback is read by itself. The callbacks of one leg contain only part of the facts, or none. */
import { readCallback } from '../../src/telephony/twilio/callback-events.js';
import type { HuntPlace } from '../../src/telephony/twilio/callback-url.js';
import { endReasonOf, type FinalStatus } from '../../src/telephony/twilio/end-reason.js';
import { factsOf, type RecordedLeg } from '../../src/telephony/twilio/fetched-status.js';
import { TWILIO } from '../../src/telephony/twilio/twilio-dialect.js';
import { recordAfter } from '../support/twilio-receiver.js';

const [A, B] = [`CA${'a'.repeat(32)}`, `CA${'b'.repeat(32)}`];
const AT = 'Wed, 25 Nov 2026 05:15:33 +0000';
const NOW = new Date('2026-11-25T05:15:33.700Z');
const callSid = '16090510160925480001030600243044';

const about = (source: 'A' | 'B' | 'dial', given: Record<string, string>, hunt?: HuntPlace) => {
  const fields = new URLSearchParams({ CallSid: A, ...given });
  return readCallback(
    TWILIO,
    { kind: 'genuine', callSid, accountSid: 'AC', source, fields, ...(hunt && { hunt }) },
    NOW,
  );
};
const legA = (status: string, more = {}) => about('A', { CallStatus: status, Timestamp: AT, ...more });
const legB = (status: string, more = {}) =>
  about('B', { CallStatus: status, CallSid: B, ParentCallSid: A, Timestamp: AT, ...more });
const dial = (status: string, caller = 'in-progress', more = {}) =>
  about('dial', { CallStatus: caller, DialCallStatus: status, DialCallSid: B, ...more });

describe('leg A', () => {
  it.each(['busy', 'no-answer', 'canceled', 'failed'] as const)(
    'that ended as %s ends the call with that reason',
    (status) => {
      expect(legA(status)).toMatchObject([
        { type: 'ended', endReason: endReasonOf(status), eventId: `${A}:${status}`, occurredAt: new Date(AT) },
      ]);
    },
  );

  it.each(['queued', 'initiated', 'ringing'])('that is %s yields one accepted event with the call’s id', (status) => {
    expect(legA(status)).toMatchObject([{ type: 'accepted', providerCallId: `AC/${A}`, eventId: `${A}:accepted` }]);
  });

  it('that is completed ends the call as canceled, or as completed if leg B had answered', () => {
    expect(recordAfter(legA('completed'))).toMatchObject({ state: 4, endReason: 'canceled' });
    expect(recordAfter([...legA('completed'), ...legB('in-progress')])).toMatchObject({ endReason: 'completed' });
  });

  it.each(['busy', 'failed', 'canceled'])(
    'that is completed in the same second does not hide that leg B ended as %s',
    (status) => {
      const events = [...legA('completed'), ...legB(status)];

      for (const order of [events, events.toReversed()]) {
        expect(recordAfter(order).endReason).toBe(endReasonOf(status as FinalStatus));
      }
    },
  );

  it('that is completed in the same second does not hide that leg B was not answered', () => {
    const events = [...legA('completed'), ...dial('no-answer')];

    for (const order of [events, events.toReversed()]) expect(recordAfter(order).endReason).toBe('no_answer');
  });
});

describe('the cause of a leg', () => {
  it('is Twilio’s status, and the SIP code if there is one', () => {
    expect(legA('completed')).toMatchObject([{ causes: { A: { status: 'completed' } } }]);
    expect(legB('busy', { SipResponseCode: '486' })).toMatchObject([
      { causes: { B: { status: 'busy', sipCode: 486 } } },
    ]);
    expect(dial('no-answer')).toMatchObject([{ causes: { B: { status: 'no-answer' } } }]);
  });

  it('is not reported before the leg has ended', () => {
    for (const [event] of [legA('in-progress'), legB('ringing')]) expect(event).not.toHaveProperty('causes');
  });
});

describe('leg B', () => {
  it('that was not answered yields no event: the Dial’s callback shows whether the caller gave up', () => {
    expect(legB('no-answer')).toEqual([]);
    expect(dial('no-answer', 'in-progress')).toMatchObject([{ type: 'ended', endReason: 'no_answer' }]);
    expect(dial('no-answer', 'completed')).toMatchObject([{ type: 'ended', endReason: 'canceled' }]);
  });

  it('has leg A’s sid as the provider’s call id, and its own sid in the event id', () => {
    expect(legB('ringing')).toMatchObject([{ type: 'ringing', providerCallId: `AC/${A}`, eventId: `${B}:ringing` }]);
  });

  it('without a ParentCallSid is malformed', () => {
    expect(() => about('B', { CallStatus: 'ringing' })).toThrow('ParentCallSid');
  });
});

describe('a Dial', () => {
  it.each(['busy', 'failed', 'canceled', 'completed', 'answered'])(
    'that ended as %s yields no event, because leg B’s callback reports it',
    (status) => {
      expect(dial(status)).toEqual([]);
    },
  );

  it('whose leg B was never created ends the call', () => {
    const fields = { CallStatus: 'in-progress', DialCallStatus: 'failed' };

    expect(about('dial', fields)).toMatchObject([
      { type: 'ended', endReason: 'failed', eventId: `${A}:dial-failed`, occurredAt: new Date(AT) },
    ]);
  });

  it.each([
    ['in-progress', 1, { type: 'leg_ended', endReason: 'failed' }],
    ['in-progress', 2, { type: 'ended', endReason: 'failed' }],
    ['completed', 1, { type: 'ended', endReason: 'canceled' }],
    ['completed', 2, { type: 'ended', endReason: 'failed' }],
  ])('of a hunt whose leg B was never created, with leg A %s at number %i of 2', (CallStatus, place, expected) => {
    expect(about('dial', { CallStatus, DialCallStatus: 'failed' }, { place, of: 2 })).toMatchObject([
      { ...expected, place },
    ]);
  });

  it.each(['https://x.example/a b', 'ftp://x.example/', `https://x.example/${'a'.repeat(600)}`, 'x\u0000'])(
    'with an invalid recording URL, %j, yields no recording',
    (RecordingUrl) => {
      expect(dial('completed', 'in-progress', { RecordingUrl })).toEqual([]);
    },
  );

  it('that is not final is malformed', () => {
    expect(() => dial('ringing')).toThrow('is not final');
  });
});

describe('the end reason', () => {
  it.each([
    ['busy', 486, 'busy'],
    ['busy', 603, 'rejected'],
    ['failed', 608, 'rejected'],
    ['failed', 404, 'unreachable'],
    ['failed', 480, 'unreachable'],
    ['failed', 503, 'failed'],
    ['failed', undefined, 'failed'],
    ['no-answer', 480, 'no_answer'],
    ['canceled', 603, 'canceled'],
    ['completed', 200, 'completed'],
  ] as const)('of status %s with SIP %s is %s', (status, sipCode, endReason) => {
    expect(endReasonOf(status, sipCode)).toBe(endReason);
  });
});

describe('a leg B that Twilio’s records show as no-answer', () => {
  const second = (at: number) => new Date(Date.parse(AT) + at * 1000);
  const leg = (given: Partial<RecordedLeg>): RecordedLeg => ({
    sid: A,
    isLegB: false,
    status: 'completed',
    createdAt: second(0),
    updatedAt: second(40),
    startedAt: second(2),
    endedAt: second(40),
    seconds: null,
    answeredBy: null,
    ...given,
  });
  const reasonWhen = (legBEnds: number, legAEnds: number) =>
    recordAfter(
      factsOf(
        leg({ endedAt: second(legAEnds) }),
        [leg({ sid: B, status: 'no-answer', createdAt: second(3), startedAt: null, endedAt: second(legBEnds) })],
        30,
      ).map((fact) => ({ callSid, providerCallId: null, ...fact })),
    ).endReason;

  it('is no_answer when it rang for the full ring time', () => expect(reasonWhen(33, 33)).toBe('no_answer'));
  it('is no_answer when it rang for the full ring time, less a rounding error of one second', () =>
    expect(reasonWhen(32, 32)).toBe('no_answer'));
  it('is canceled when both legs ended at the same time: the caller gave up', () =>
    expect(reasonWhen(20, 20)).toBe('canceled'));
  it('is no_answer when leg A ended later: the network gave up', () => expect(reasonWhen(20, 21)).toBe('no_answer'));
});
