import {
  dialStringFor,
  isPhoneOfNumber,
  keepingLocalChannels,
  ruleFor,
} from '../../src/telephony/asterisk/dial-string.js';
import { callSidOfLegA, endReasonOf, eventsOfStory, readStory } from '../../src/telephony/asterisk/call-story.js';

const CALL_SID = '16090510160925480001030600243044';
const AT = '2026-11-25T06:50:08.375Z';

describe('the causes of the legs that are read from a story', () => {
  it.each([
    [
      'both',
      `caller_answered=${AT}&status=BUSY&cause_a=16&cause_b=17&sip=486`,
      { A: { cause: 16 }, B: { cause: 17, sip: 486 } },
    ],
    ['leg A alone', 'state=Ringing&cause_a=17&sip_a=486', { A: { cause: 17, sip: 486 } }],
    ['neither', 'state=Ringing&cause_a=x', {}],
  ])('are those of %s', (_, story, causes) => {
    expect(eventsOfStory(CALL_SID, readStory(`ended=${AT}&${story}`)).at(-1)?.causes).toEqual(causes);
  });
});

describe('the end reason that is read from a story', () => {
  it.each([
    ['an answered call', `answered=${AT}&caller_answered=${AT}&status=ANSWER&cause_a=16&cause_b=17`, 'completed'],
    ['leg B busy', `caller_answered=${AT}&ring_ms=4&status=BUSY&cause_a=16&cause_b=17`, 'busy'],
    ['leg B declining', `caller_answered=${AT}&ring_ms=4&status=CHANUNAVAIL&cause_b=21`, 'rejected'],
    ['leg B ringing without an answer', `caller_answered=${AT}&ring_ms=4&status=NOANSWER&cause_b=0`, 'no_answer'],
    ['leg B never ringing', `caller_answered=${AT}&status=NOANSWER&cause_b=0`, 'unreachable'],
    ['leg B away (480)', `caller_answered=${AT}&status=NOANSWER&cause_b=19`, 'unreachable'],
    ['leg B away after ringing (480)', `caller_answered=${AT}&ring_ms=4&status=NOANSWER&cause_b=19`, 'no_answer'],
    ['leg B with a number that does not exist', `caller_answered=${AT}&status=CHANUNAVAIL&cause_b=1`, 'unreachable'],
    ['leg B on a congested route (503)', `caller_answered=${AT}&status=CONGESTION&cause_b=34`, 'failed'],
    ['leg B with a status and the cause 0', `caller_answered=${AT}&status=CHANUNAVAIL&cause_b=0`, 'failed'],
    ['a dial string without a number, which ends leg A', `caller_answered=${AT}&status=INVALIDARGS&more=yes`, 'failed'],
    ['leg A hanging up as leg B ends, before the cause is noted', `caller_answered=${AT}&status=BUSY`, 'canceled'],
    [
      'leg A hanging up before the next number is dialled',
      `caller_answered=${AT}&ring_ms=4&status=BUSY&cause_b=17&place=1&more=yes`,
      'canceled',
    ],
    ['leg A hanging up while leg B rings', `caller_answered=${AT}&ring_ms=4&status=CANCEL&cause_a=16`, 'canceled'],
    ['a cancel before leg B was dialled', `caller_answered=${AT}&cause_a=16`, 'canceled'],
    [
      'a cancel at the same moment as the answer',
      `caller_answered=${AT}&ring_ms=4&status=ANSWER&cause_a=16`,
      'canceled',
    ],
    ['leg A busy', 'state=Ringing&cause_a=17', 'busy'],
    ['leg A declining', 'state=Ringing&cause_a=21', 'rejected'],
    ['leg A ringing without an answer', 'state=Ringing&cause_a=19', 'no_answer'],
    ['leg A never ringing', 'state=Down&cause_a=19', 'unreachable'],
    ['leg A ringing without an answer, on an Asterisk that reports no cause', 'state=Ringing&cause_a=0', 'no_answer'],
    ['leg A never ringing, on an Asterisk that reports no cause', 'state=Down&cause_a=0', 'unreachable'],
    ['leg A, where the cause is missing', 'state=Ringing', 'no_answer'],
    ['leg A forwarding the call, with Asterisk 22', 'state=Ringing&cause_a=23&sip_a=302', 'unreachable'],
    ['leg A forwarding the call, with Asterisk 16', 'state=Ringing&cause_a=0&sip_a=302', 'unreachable'],
    ['a cancel by the dialplan while leg A rings', 'state=Ringing&cause_a=0&fate=canceled', 'canceled'],
    ['a cancel by the dialplan before leg A rings', 'state=Down&cause_a=0&fate=canceled', 'canceled'],
    ['a cancel while leg A rings', 'state=Ringing&cause_a=16', 'canceled'],
  ])('is right for %s', (_, story, endReason) => {
    expect(endReasonOf(readStory(`ended=${AT}&${story}`))).toBe(endReason);
  });
});

describe('a story', () => {
  it('holds every event of the call, each under its fixed id', () => {
    const story = readStory(
      `ended=${AT}&caller_answered=${AT}&dialed=${AT}&ring_ms=25&answered=${AT}&recording=one.wav&status=ANSWER&sip=200`,
    );

    expect(eventsOfStory(CALL_SID, story)).toMatchObject([
      { eventId: `${CALL_SID}:caller_answered`, type: 'caller_answered' },
      { eventId: `${CALL_SID}:ringing`, occurredAt: new Date('2026-11-25T06:50:08.400Z') },
      { eventId: `${CALL_SID}:answered`, recording: 'one.wav' },
      { eventId: `${CALL_SID}:ended`, endReason: 'completed', detail: { status: 'ANSWER', sip: '200' } },
    ]);
  });

  it('of a call in progress holds the events so far', () => {
    const types = (text: string) => eventsOfStory(CALL_SID, readStory(text)).map(({ type }) => type);

    expect(types('caller_answered=&dialed=&leg_b=&answered=')).toEqual([]);
    expect(types(`caller_answered=${AT}&dialed=${AT}&leg_b=Down`)).toEqual(['caller_answered']);
    expect(types(`caller_answered=${AT}&dialed=${AT}&leg_b=Ringing`)).toEqual(['caller_answered', 'ringing']);
  });

  it('is read from leg A’s channel only', () => {
    expect(callSidOfLegA(`${CALL_SID}-a`)).toBe(CALL_SID);
    for (const other of [CALL_SID, `${CALL_SID}-b`, `x${CALL_SID}-a`, 'pbx-1.2', undefined]) {
      expect(callSidOfLegA(other)).toBeNull();
    }
  });
});

describe('the dial string for a number', () => {
  const rules = [
    { prefix: '+86', dialString: 'PJSIP/0{rest}@trunk' },
    { prefix: '+8613900001001', dialString: 'PJSIP/desk' },
    { prefix: '+', dialString: 'PJSIP/{digits}@world' },
  ];

  it.each([
    ['+8613900001002', 'PJSIP/013900001002@trunk'],
    ['+8613900001001', 'PJSIP/desk'],
    ['+14155550100', 'PJSIP/14155550100@world'],
    ['95588', null],
  ])('%s is %s', (number, dialString) => {
    const rule = ruleFor(rules, number);

    expect(rule && dialStringFor(rule, number)).toBe(dialString);
  });

  it('can contain the number unchanged', () => {
    expect(dialStringFor({ prefix: '', dialString: 'SIP/{number}' }, '95588')).toBe('SIP/95588');
  });

  it.each([
    ['PJSIP/{rest}', true],
    ['PJSIP/desk', true],
    ['SIP/{digits}', true],
    ['PJSIP/0{rest}@trunk', false],
    ['PJSIP/trunk/sip:{digits}@carrier.example', false],
    ['DAHDI/g0/{digits}', false],
    ['IAX2/us@carrier.example/{digits}', false],
    ['Local/{digits}@from-internal/n', false],
  ])('%s leads to the number’s own phone: %s', (dialString, isPhone) =>
    expect(isPhoneOfNumber({ prefix: '', dialString })).toBe(isPhone),
  );
});

describe('a Local channel', () => {
  it.each([
    ['Local/{digits}@from-internal', 'Local/{digits}@from-internal/n'],
    ['local/{rest}', 'local/{rest}/n'],
    ['Local/{rest}@from-internal/n', 'Local/{rest}@from-internal/n'],
    ['Local/{rest}@from-internal/nj', 'Local/{rest}@from-internal/nj'],
    ['Local/{rest}@from-internal/j', 'Local/{rest}@from-internal/nj'],
    ['Local/{rest}@from-internal/', 'Local/{rest}@from-internal/n'],
    ['PJSIP/1&Local/2@a&Local/3@b', 'PJSIP/1&Local/2@a/n&Local/3@b/n'],
    ['PJSIP/{rest}@local', 'PJSIP/{rest}@local'],
    ['DAHDI/g0/{rest}', 'DAHDI/g0/{rest}'],
  ])('%s is dialled as %s', (written, dialled) => expect(keepingLocalChannels(written)).toBe(dialled));
});
