/** The rules of placing, as a pure function: over random facts, they decide by the first one that refuses. */
import fc from 'fast-check';
import { readConfig } from '../../src/config/config.js';
import { decide, type PlacingFacts } from '../../src/protection/placing-rules.js';

const CASES = 10_000;

const settings = readConfig({
  JWT_SECRET: 'a secret that only the tests know: 32 bytes and more',
  ALLOWED_COUNTRIES: 'CN,US',
  ONE_CALL_PER_CALLEE: 'true',
});

const PHONES = ['+8613900001001', '+8613800002000', '+14155550100', '+442079460000', '+870776123456', '95588'];
const phone = fc.constantFrom(null, ...PHONES);
/** Mostly false, so that many cases get as far as the last rules. */
const rarely = fc.nat(9).map((n) => n === 0);
const spent = fc.option(
  fc.record({
    rate: fc.constant({ calls: 6, seconds: 60 }),
    retryAfterSeconds: fc.integer({ min: 1, max: 60 }),
  }),
);
const party = { phone, isSuppressed: rarely, spent };
const facts: fc.Arbitrary<PlacingFacts> = fc.record({
  freezes: fc.constantFrom<PlacingFacts['freezes']>(
    [],
    [],
    [],
    [],
    [{ kind: 'country', subject: 'US' }],
    [{ kind: 'user', subject: '1001' }],
  ),
  caller: fc.record({
    ...party,
    id: fc.constantFrom(null, '1001'),
    accounts: fc.constant([]),
    hasAccount: rarely.map((is) => !is),
  }),
  callee: fc.record({ ...party, isServiceLine: rarely, isTaken: fc.boolean() }),
  route: fc.option(fc.record({ to: fc.constantFrom('', '+86', 'US'), hasAccount: rarely.map((is) => !is) }), {
    freq: 9,
  }),
});
const check = (property: (facts: PlacingFacts) => void): void => {
  fc.assert(fc.property(facts, property), { numRuns: CASES });
};

/** What is known before the statement that opens the call has decided. */
const before = (all: PlacingFacts): PlacingFacts => ({
  ...all,
  caller: { ...all.caller, spent: null },
  callee: { ...all.callee, spent: null, isTaken: false },
});

it('decide alike in placing, which learns of spent rates last, and in a dry run, which knows them at once', () => {
  const faults = new Set<string>();
  check((all) => {
    const dryRun = decide(all, settings);
    const first = decide(before(all), settings);
    expect(first.refusal ?? dryRun.refusal).toEqual(dryRun.refusal);
    faults.add(dryRun.refusal?.fault ?? 'none');
  });
  // The cases reach every rule.
  expect([...faults].sort()).toEqual(
    [
      'callee_called_too_often',
      'callee_has_no_phone',
      'callee_in_a_call',
      'callee_not_allowed',
      'callee_suppressed',
      'caller_calls_too_often',
      'caller_has_no_phone',
      'caller_not_allowed',
      'caller_suppressed',
      'frozen',
      'no_account',
      'no_route',
      'none',
      'same_phone',
    ].sort(),
  );
});

it('allow everything before the rule that refuses, which is the last check', () => {
  check((all) => {
    const { checks, refusal } = decide(all, settings);
    const said = checks.map((one) => one.said);
    const last = refusal === null ? [] : [refusal.reason];
    expect(said).toEqual([...said.slice(0, said.length - last.length).map(() => 'allowed'), ...last]);
  });
});

it('keep no whole phone number', () => {
  check((all) => {
    const text = JSON.stringify(decide(all, settings));
    expect(PHONES.filter((one) => text.includes(one.replace(/^\+86|^\+/, '')))).toEqual([]);
  });
});

it('say of a service line that it is exempt', () => {
  const open = { phone: '+8613800002000', isSuppressed: false, spent: null };
  const { checks, refusal } = decide(
    {
      freezes: [],
      caller: { ...open, id: '1001', accounts: [], phone: '+8613900001001', hasAccount: true },
      callee: { ...open, isServiceLine: true, isTaken: true },
      route: { to: '', hasAccount: true },
    },
    settings,
  );

  expect(refusal).toBeNull();
  expect(checks.slice(-2)).toEqual(
    ['callee_rate', 'one_call_per_callee'].map((rule) => ({
      rule,
      saw: 'a service line, which is exempt',
      said: 'allowed',
    })),
  );
});
