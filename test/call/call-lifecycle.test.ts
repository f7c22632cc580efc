import fc from 'fast-check';
import {
  advance,
  END_REASONS,
  EVENT_RULES,
  REQUESTED,
  talkSeconds,
  type CallEventType,
  type CallProgress,
  type LifecycleEvent,
} from '../../src/call/record/call-lifecycle.js';

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const event = (type: CallEventType, second = 10, endReason?: LifecycleEvent['endReason']): LifecycleEvent => ({
  type,
  occurredAt: at(second),
  ...(endReason && { endReason }),
});

const CALLS = {
  requested: REQUESTED,
  ringing: advance(REQUESTED, event('ringing', 1)),
  answered: [event('ringing', 1), event('answered', 2)].reduce(advance, REQUESTED),
  'over, completed': [event('ringing', 1), event('answered', 2), event('ended', 5, 'completed')].reduce(
    advance,
    REQUESTED,
  ),
  'over, busy': advance(REQUESTED, event('ended', 5, 'busy')),
  'over, canceled': advance(REQUESTED, event('canceled', 5, 'canceled')),
  'over, lost': advance(REQUESTED, event('lost', 5, 'lost')),
} satisfies Record<string, CallProgress>;

/** State and end reason after each event at second 10, by the state before. An event without a row fails the test. */
const GRID: Record<keyof typeof CALLS, Record<CallEventType, string>> = {
  requested: {
    accepted: '1',
    caller_answered: '1',
    ringing: '2',
    leg_ended: '1',
    answered: '3',
    ended: '4 rejected',
    refused: '4 failed',
    canceled: '4 canceled',
    expired: '4 canceled',
    lost: '4 lost',
  },
  ringing: {
    accepted: '2',
    caller_answered: '2',
    ringing: '2',
    leg_ended: '2',
    answered: '3',
    ended: '4 rejected',
    refused: '4 failed',
    canceled: '4 canceled',
    expired: '4 canceled',
    lost: '4 lost',
  },
  answered: {
    accepted: '3',
    caller_answered: '3',
    ringing: '3',
    leg_ended: '3',
    answered: '3',
    ended: '4 rejected',
    refused: '4 failed',
    canceled: '4 completed',
    expired: '4 completed',
    lost: '4 lost',
  },
  'over, completed': {
    accepted: '4 completed',
    caller_answered: '4 completed',
    ringing: '4 completed',
    leg_ended: '4 completed',
    answered: '4 completed',
    ended: '4 completed',
    refused: '4 completed',
    canceled: '4 completed',
    expired: '4 completed',
    lost: '4 completed',
  },
  'over, busy': {
    accepted: '4 busy',
    caller_answered: '4 busy',
    ringing: '4 busy',
    leg_ended: '4 busy',
    answered: '4 busy',
    ended: '4 busy',
    refused: '4 busy',
    canceled: '4 canceled',
    expired: '4 busy',
    lost: '4 busy',
  },
  'over, canceled': {
    accepted: '4 canceled',
    caller_answered: '4 canceled',
    ringing: '4 canceled',
    leg_ended: '4 canceled',
    answered: '4 completed',
    ended: '4 canceled',
    refused: '4 canceled',
    canceled: '4 canceled',
    expired: '4 canceled',
    lost: '4 canceled',
  },
  'over, lost': {
    accepted: '4 lost',
    caller_answered: '4 lost',
    ringing: '4 lost',
    leg_ended: '4 lost',
    answered: '4 lost',
    ended: '4 rejected',
    refused: '4 failed',
    canceled: '4 canceled',
    expired: '4 lost',
    lost: '4 lost',
  },
};

/** The end reason of each type of event in the grid. */
const USUAL_REASON: Partial<Record<CallEventType, LifecycleEvent['endReason']>> = {
  ended: 'rejected',
  canceled: 'canceled',
  expired: 'canceled',
  lost: 'lost',
};

describe('the lifecycle', () => {
  const cells = Object.entries(GRID).flatMap(([call, row]) =>
    Object.entries(row).map(([type, outcome]) => ({ call, type, outcome })),
  ) as { call: keyof typeof CALLS; type: CallEventType; outcome: string }[];

  it('has a rule for every state and every event', () => {
    for (const row of Object.values(GRID)) expect(Object.keys(row).sort()).toEqual(Object.keys(EVENT_RULES).sort());
  });

  it.each(cells)('moves a call that is $call by $type to $outcome', ({ call, type, outcome }) => {
    const { state, endReason } = advance(CALLS[call], event(type, 10, USUAL_REASON[type]));

    expect([state, endReason].filter(Boolean).join(' ')).toBe(outcome);
  });

  it('stamps the time of each state', () => {
    const call = CALLS['over, completed'];

    expect(call).toMatchObject({ ringingAt: at(1), answeredAt: at(2), endedAt: at(5), endedBy: 'provider' });
    expect(talkSeconds(call)).toBe(3);
  });

  it('gives a call that was not answered no talk time', () => {
    expect(talkSeconds(CALLS['over, busy'])).toBeNull();
  });

  it('gives the same call for every order of a provider’s events, also when events are repeated', () => {
    const providerEvent = fc.record({
      type: fc.constantFrom<CallEventType>('accepted', 'caller_answered', 'ringing', 'answered', 'ended', 'refused'),
      occurredAt: fc.integer({ min: 0, max: 4 }).map(at),
      endReason: fc.constantFrom(...END_REASONS.filter((reason) => reason !== 'lost')),
    });
    fc.assert(
      fc.property(
        fc.array(providerEvent, { maxLength: 8 }).chain((events) =>
          fc.tuple(
            fc.constant(events),
            fc.shuffledSubarray([...events, ...events], {
              minLength: 2 * events.length,
              maxLength: 2 * events.length,
            }),
          ),
        ),
        ([once, shuffledTwice]) => {
          expect(shuffledTwice.reduce(advance, REQUESTED)).toEqual(once.reduce(advance, REQUESTED));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('never moves a call back to an earlier state', () => {
    for (const call of Object.values(CALLS)) {
      for (const type of Object.keys(EVENT_RULES) as CallEventType[]) {
        expect(advance(call, event(type)).state).toBeGreaterThanOrEqual(call.state);
      }
    }
  });
});
