import { END_FAULTS, faultOf, type EndFacts, type EndFault } from '../../src/call/record/end-fault.js';
import { END_REASONS } from '../../src/call/record/call-lifecycle.js';

const facts = (more: Partial<EndFacts>): EndFacts => ({
  endReason: 'failed',
  endedBy: 'provider',
  hasReachedCallee: true,
  wasDialed: true,
  ...more,
});

it.each<[EndFault, Partial<EndFacts>, string]>([
  ['none', { endReason: 'completed' }, 'a talk'],
  ['caller', { endReason: 'canceled', endedBy: 'cancel' }, 'a cancel'],
  ['caller', { endReason: 'canceled', hasReachedCallee: false }, 'a caller who hung up before the callee was rung'],
  ['callee', { endReason: 'canceled', endedBy: 'sweeper' }, 'a callee whose phone rang past the limit'],
  [
    'caller',
    { endReason: 'canceled', endedBy: 'sweeper', hasReachedCallee: false },
    'a caller whose phone rang past the limit',
  ],
  ['callee', { endReason: 'busy' }, 'a busy callee'],
  ['caller', { endReason: 'busy', hasReachedCallee: false }, 'a caller whose own phone is busy'],
  ['callee', { endReason: 'unreachable' }, 'a callee who cannot be reached'],
  ['provider', { endReason: 'failed', hasReachedCallee: false }, 'a refused dial'],
  ['provider', { endReason: 'lost', endedBy: 'sweeper' }, 'an outcome that the provider did not report'],
  ['ringback', { endReason: 'failed', wasDialed: false, hasReachedCallee: false }, 'a call that was never dialed'],
])('the fault is %s for %j: %s', (fault, more) => {
  expect(faultOf(facts(more))).toBe(fault);
});

it.each(END_REASONS)('an end %s has exactly the faults of the table, which the metrics begin with', (endReason) => {
  const faults = (['provider', 'cancel', 'sweeper'] as const).flatMap((endedBy) =>
    [true, false].flatMap((hasReachedCallee) =>
      [true, false].map((wasDialed) => faultOf({ endReason, endedBy, hasReachedCallee, wasDialed })),
    ),
  );

  expect([...new Set(faults)].sort()).toEqual([...END_FAULTS[endReason]].sort());
});
