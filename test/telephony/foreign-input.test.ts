/**
 ** Random input in place of a provider's: each reader returns events that can be stored, or throws its own error type.
 */
import fc from 'fast-check';
import { changeNumberOf } from '../../src/call/updates/event-stream.js';
import { isStorable, UnexpectedShape } from '../../src/common/foreign-json.js';
import { asteriskEvent, eventsOfStory, readStory, readTime } from '../../src/telephony/asterisk/call-story.js';
import { readWireBody } from '../../src/telephony/simulator/wire-format.js';
import type { ProviderEvent } from '../../src/telephony/telephony-provider.js';
import { MalformedCallback, readCallback } from '../../src/telephony/twilio/callback-events.js';
import { TWILIO } from '../../src/telephony/twilio/twilio-dialect.js';
import { joinedLegs } from '../../src/telephony/yuntongxun/cdr-legs.js';
import { MalformedWebhook, readNotification } from '../../src/telephony/yuntongxun/notification.js';
import { readBody, readFields, UnreadableBody } from '../../src/telephony/yuntongxun/wire-body.js';
import { CALL_SID, expectStorableEvents, foreignText as text } from '../support/foreign-values.js';

const NOW = new Date('2026-11-25T05:15:33.700Z');
const GENUINE = { kind: 'genuine', callSid: CALL_SID, accountSid: `AC${'a'.repeat(32)}` } as const;
const CORRECT = [
  ['action', 'hangup'],
  ['byetype', '3'],
  ['callSid', 'abc123'],
  ['userData', CALL_SID],
] as const;

/** Some fields are correct, so that the reader gets as far as the others. */
const fieldsOf = (names: readonly string[], correct: readonly (readonly [string, string])[]) =>
  fc
    .tuple(fc.subarray([...correct]), fc.array(fc.tuple(fc.constantFrom(...names), text), { maxLength: 8 }))
    .map((parts): [string, string][] => parts.flat().map(([name, value]) => [name, value]));

const reads = (
  read: () => readonly ProviderEvent[],
  ...refusals: readonly (abstract new (...given: never[]) => Error)[]
): void => {
  let events: readonly ProviderEvent[] = [];
  try {
    events = read();
  } catch (error) {
    if (!refusals.some((refusal) => error instanceof refusal)) throw error;
  }
  expectStorableEvents(events);
};

const RUNS = { numRuns: 500 };

describe('any input yields events that can be stored, or a typed error:', () => {
  it('Twilio’s callbacks', () => {
    const names = ['Timestamp', 'CallStatus', 'DialCallStatus', 'SipResponseCode', 'RecordingUrl', 'AnsweredBy'];
    const correct = [
      ['CallSid', `CA${'a'.repeat(32)}`],
      ['ParentCallSid', `CA${'b'.repeat(32)}`],
      ['CallStatus', 'in-progress'],
      ['DialCallStatus', 'busy'],
    ] as const;
    fc.assert(
      fc.property(fc.constantFrom('A', 'B', 'dial'), fieldsOf(names, correct), (source, fields) => {
        reads(
          () => readCallback(TWILIO, { ...GENUINE, source, fields: new URLSearchParams(fields) }, NOW),
          MalformedCallback,
        );
      }),
      RUNS,
    );
  });

  it('Yuntongxun’s bodies', () => {
    const names = [
      ...['action', 'byetype', 'callSid', 'userData', 'starttime', 'endtime', 'recordurl', 'talkduration'],
      ...['duration', 'beginCallTime', 'ringingBeginTime', 'ringingEndTime'],
    ];
    const leg = fieldsOf(names, CORRECT).map((fields): object => Object.fromEntries(fields));
    const body = fc.oneof(
      text,
      fc.json(),
      leg.map((fields) => JSON.stringify(fields)),
      fc.record({ calledCdr: leg, callerCdr: leg }, { requiredKeys: [] }).map((legs) => JSON.stringify(legs)),
      fieldsOf(names, CORRECT).map(
        (fields) => `<r>${fields.map(([name, value]) => `<${name}>${value}</${name}>`).join('')}</r>`,
      ),
    );
    fc.assert(
      fc.property(body, (sent) => {
        reads(() => readNotification(joinedLegs(readBody(sent)), null, NOW).events, UnreadableBody, MalformedWebhook);
      }),
      RUNS,
    );
  });

  it('the dialplan’s stories and times', () => {
    const names = ['ended', 'caller_answered', 'dialed', 'ring_ms', 'answered', 'recording', 'status', 'sip', 'leg_b'];
    const correct = [['dialed', '2026-11-25T05:15:33Z']] as const;
    fc.assert(
      fc.property(fieldsOf(names, correct), text, (facts, at) => {
        const story = facts.map(([name, value]) => `${name}=${value}`).join('&');
        reads(() => eventsOfStory(CALL_SID, readStory(story)));
        reads(() => [asteriskEvent(CALL_SID, 'answered', readTime(at) ?? NOW)]);
      }),
      RUNS,
    );
  });

  it('the simulator’s webhooks', () => {
    const event = fc.record(
      {
        type: fc.oneof(fc.constantFrom('call.ended', 'call.ringing'), fc.anything()),
        call: fc.oneof(fc.record({ id: text, reference: fc.constant(CALL_SID) }), fc.anything()),
        occurredAt: fc.oneof(text, fc.anything()),
        endReason: fc.oneof(fc.constant('busy'), fc.anything()),
        detail: fc.oneof(fc.dictionary(text, text), fc.anything()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(event, text, (sent, id) => {
        reads(() => [readWireBody(Buffer.from(jsonOf(sent)), id)], UnexpectedShape);
      }),
      RUNS,
    );
  });
});

/** JSON.stringify throws on BigInt. */
const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_name, one: unknown) => (typeof one === 'bigint' ? String(one) : one));

it('any Last-Event-ID yields the number of a change, or null', () => {
  fc.assert(
    fc.property(text, (id) => {
      const number = changeNumberOf(id);

      expect(number === null || (Number.isInteger(number) && number >= 0 && number < 10_000_000)).toBe(true);
    }),
    RUNS,
  );
});

describe('a value that cannot be stored', () => {
  it.each(['+275760-09-13T00:00:00Z', '-271821-04-20T00:00:00Z', '0000-01-01T00:00:00Z'])(
    'is refused in a callback of Twilio: %s',
    (timestamp) => {
      const fields = { CallSid: `CA${'a'.repeat(32)}`, CallStatus: 'completed', Timestamp: timestamp };
      expect(() => readCallback(TWILIO, { ...GENUINE, source: 'A', fields: new URLSearchParams(fields) }, NOW)).toThrow(
        MalformedCallback,
      );
    },
  );

  it('is left out of a story: times, a ring_ms and a text', () => {
    const at = '2026-11-25T05:15:33.000Z';
    const types = (story: string) => eventsOfStory(CALL_SID, readStory(story)).map(({ type }) => type);

    expect(types(`caller_answered=+275760-09-13T00:00:00Z&answered=0000-01-01T00:00:00Z`)).toEqual([]);
    expect(types(`dialed=${at}&ring_ms=1e999`)).toEqual([]);
    expect(types(`dialed=9999-12-31T23:59:59Z&ring_ms=999999999`)).toEqual([]);
    expect(eventsOfStory(CALL_SID, readStory(`ended=${at}&status=BUSY&sip=\0`))).toMatchObject([
      { detail: { status: 'BUSY' } },
    ]);
  });

  it('does not arise where a byetype is shortened: no character is split', () => {
    const fields = readFields(JSON.stringify({ callSid: 'a1', byetype: `${'x'.repeat(19)}😀`, action: 'Hangup' }));

    expect(readNotification(fields, null, NOW).events).toMatchObject([{ detail: { byetype: 'x'.repeat(19) } }]);
  });
});

it('isStorable rejects a NUL, half a character and a text that is too long', () => {
  expect(['\0', '\ud83d', 'x'.repeat(5_000)].map(isStorable)).toEqual([false, false, false]);
});
