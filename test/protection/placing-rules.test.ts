/** The rules of placing, as a pure function: over random facts, they decide by the first one that refuses. */
import fc from 'fast-check';
import { lookAt, NO_CARRIER } from '../../src/call/placement/provider-look.js';
import { ERRORS } from '../../src/common/error-table.js';
import { readConfig } from '../../src/config/config.js';
import { lookAtDestination } from '../../src/protection/destination-rules.js';
import { describeFreeze } from '../../src/protection/freezes.js';
import { decide, type PlacingFacts } from '../../src/protection/placing-rules.js';
import { PROBLEMS } from '../../web/src/text/problem-words.js';
import { chineseOf, RULES } from '../../web/src/text/service-words.js';

const CASES = 10_000;

const settings = readConfig({
  JWT_SECRET: 'a secret that only the tests know: 32 bytes and more',
  ALLOWED_COUNTRIES: 'CN,US',
  ONE_CALL_PER_CALLEE: 'true',
  QUIET_HOURS: '21:00-08:00',
});

const PHONES = ['+8613900001001', '+8613800002000', '+14155550100', '+442079460000', '+870776123456', '95588'];
const phone = fc.constantFrom(null, ...PHONES);
/** Mostly false, so that many cases get as far as the last rules. */
const rarely = fc.nat(9).map((n) => n === 5);
const spent = fc.option(
  fc.record({
    rate: fc.constant({ calls: 6, seconds: 60 }),
    retryAfterSeconds: fc.integer({ min: 1, max: 60 }),
  }),
  { freq: 2 },
);
const party = { phone, hasExtension: rarely, isSuppressed: rarely, spent };
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
    spentOnCallees: spent,
    hasAccount: rarely.map((is) => !is),
  }),
  callee: fc.record({
    ...party,
    isServiceLine: rarely,
    callsAtOnce: fc.option(fc.integer({ min: 1, max: 1_000 })),
    isTaken: fc.boolean(),
    hasFreeNumber: rarely.map((is) => !is),
  }),
  money: fc.option(
    fc.record({
      worst: fc.constantFrom<(bigint | null)[]>(null, 1n, 2n, 3n, 4n, 5n),
      currency: fc.constant('CNY'),
      budgets: fc.constant(['budget 1 (all, a day)', 'budget 2 (user 1001, a month)']),
      shortTalkSeconds: fc.constantFrom(null, 60),
      spent: fc.option(
        fc.record({ budget: fc.constant('budget 1 (all, a day)'), left: fc.bigInt({ min: -5n, max: 0n }) }),
      ),
    }),
  ),
  now: fc.date({ min: new Date('2026-01-01'), max: new Date('2027-01-01'), noInvalidDate: true }),
  route: fc.option(
    fc.record({
      to: fc.constantFrom('', '+86', 'US'),
      hasProvider: fc.boolean(),
      hasAccount: rarely.map((is) => !is),
    }),
    { freq: 9 },
  ),
});
const check = (property: (facts: PlacingFacts) => void): void => {
  fc.assert(fc.property(facts, property), { numRuns: CASES });
};

/** What is known before the statement that opens the call has decided. */
const before = (all: PlacingFacts): PlacingFacts => ({
  ...all,
  caller: { ...all.caller, spent: null, spentOnCallees: null },
  callee: { ...all.callee, spent: null, isTaken: false },
  money: all.money && { ...all.money, spent: null },
});

/** As a caller who is refused for the callee is looked at once more: the spent rates are read then. */
const withRates = (all: PlacingFacts): PlacingFacts => ({
  ...before(all),
  caller: all.caller,
  callee: { ...all.callee, isTaken: false },
});

it('decide alike in placing, which learns of spent rates last, and in a dry run, which knows them at once', () => {
  const faults = new Set<string>();
  check((all) => {
    const dryRun = decide(all, settings);
    const first = decide(before(all), settings);
    const { refusal } = first.refusal?.isOfCaller === false ? decide(withRates(all), settings) : first;
    expect(refusal ?? dryRun.refusal).toEqual(dryRun.refusal);
    faults.add(dryRun.refusal?.fault ?? 'none');
  });
  // The cases reach every rule.
  expect([...faults].sort()).toEqual(
    [
      'budget_spent',
      'callee_called_too_often',
      'callee_has_no_phone',
      'callee_in_a_call',
      'callee_in_quiet_hours',
      'callee_not_allowed',
      'callee_suppressed',
      'caller_calls_too_many_numbers',
      'caller_calls_too_often',
      'caller_has_extension',
      'caller_has_no_phone',
      'caller_not_allowed',
      'caller_suppressed',
      'extension_not_dialled',
      'frozen',
      'no_account',
      'no_price',
      'no_route',
      'none',
      'same_phone',
      'service_line_busy',
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

describe('say nothing that the desk has not in Chinese', () => {
  /** Names that both languages have: settings, time zones, accounts, countries. */
  const NAMES = /\b(?:[A-Z]+_[A-Z_]+|\w+\/\w+|true|[A-Z]{2,3})\b/g;
  const english = (said: Iterable<string>): string[] =>
    [...said].filter((one) => /[a-z]{2}/i.test((chineseOf(one) ?? one).replace(NAMES, '')));

  it('of random facts', () => {
    const said = new Set<string>();
    const rules = new Set<string>();
    check((all) => {
      for (const one of decide(all, settings).checks) {
        rules.add(one.rule);
        said.add(one.saw).add(one.said);
      }
    });

    expect(english(said)).toEqual([]);
    expect(Object.keys(RULES).sort()).toEqual([...rules].sort());
  });

  it('of numbers, freezes and budgets', () => {
    const rules = { ...settings, refusedPrefixes: ['+861'] };
    const premium = { ...settings, allowedCountries: null };
    const numbers = ['+8613800002000', '+19002345678', '+448451234567', '+447012345678', '+447640123456', '12395'];
    const looks = numbers.flatMap((number) => [lookAtDestination(number, rules), lookAtDestination(number, premium)]);
    const freezes = (['all', 'user', 'sub_account', 'country'] as const).map((kind) =>
      describeFreeze({ kind, subject: kind === 'sub_account' ? 'twilio/AC01' : 'US' }),
    );
    const types = [
      ...['fixed_line', 'fixed_line_or_mobile', 'mobile', 'pager', 'personal_number', 'premium_rate'],
      ...['shared_cost', 'toll_free', 'uan', 'voicemail', 'voip'],
    ].map((type) => `CN ${type}`);
    const budgets = ['all', 'user 1001', 'sub_account twilio/AC01'].map((whose) => `budget 1 (${whose}, a day)`);

    const said = looks.flatMap(({ saw, obstacle }) => [saw, obstacle ?? '']);
    expect(english([...said, ...freezes, ...types, budgets.join(', ')])).toEqual([]);
    expect(said.filter((one) => one.endsWith('.')).length).toBeGreaterThan(5);
  });

  it('of providers, in a dry run', () => {
    const provider = { name: 'one', limits: { callsAtOnce: 5, callsPerSecond: null }, isCircuitOpen: false };
    const facts = { carried: 0, isPriced: true, dialsCallee: true };
    const looks = [
      ...(['own', 'can_be_created', 'shared', 'none'] as const).map((account) => lookAt(provider, account, facts)),
      lookAt(provider, 'own', { ...facts, dialsCallee: false }),
      lookAt(provider, 'own', { ...facts, isPriced: false }),
      lookAt(provider, 'own', { ...facts, carried: 5 }),
      lookAt({ ...provider, isCircuitOpen: true }, 'own', facts),
    ];

    const said = [NO_CARRIER, ...looks.map(({ obstacle, account }) => obstacle ?? account)];
    expect(new Set(said).size).toBe(9);
    expect(english(said)).toEqual([]);
  });
});

it('have the titles of all problems on the desk', () => {
  // The contract's own errors are in Chinese, and no page of the desk gets one.
  const problems = Object.entries(ERRORS).filter(([, { message }]) => /^[\x20-\x7e’]+$/.test(message));

  expect(problems.length).toBeGreaterThan(30);
  expect(problems.map(([code]) => code).filter((code) => PROBLEMS[code] === undefined)).toEqual([]);
});

const OPEN = { phone: '+8613800002000', hasExtension: false, isSuppressed: false, spent: null };
const ALLOWED: PlacingFacts = {
  freezes: [],
  caller: { ...OPEN, id: '1001', accounts: [], phone: '+8613900001001', hasAccount: true, spentOnCallees: null },
  callee: { ...OPEN, isServiceLine: false, callsAtOnce: null, isTaken: false, hasFreeNumber: true },
  route: { to: '', hasProvider: true, hasAccount: true },
  money: null,
  now: new Date('2026-11-24T12:59:00Z'),
};
const NIGHT = new Date('2026-11-24T15:05:30Z');
const LINE = { ...ALLOWED.callee, isServiceLine: true };

it('say of a service line that it is exempt', () => {
  const { checks, refusal } = decide({ ...ALLOWED, callee: { ...LINE, isTaken: true }, now: NIGHT }, settings);

  expect(refusal).toBeNull();
  const exempt = checks.filter(({ saw }) => saw === 'a service line, which is exempt');
  expect(exempt.map(({ rule }) => rule)).toEqual(['callees_rate', 'quiet_hours', 'callee_rate', 'one_call_per_callee']);
});

it('refuse a call in quiet hours, and say where it is night, and until when', () => {
  expect(decide(ALLOWED, settings)).toMatchObject({
    refusal: null,
    checks: expect.arrayContaining([{ rule: 'quiet_hours', saw: 'day', said: 'allowed' }]) as unknown,
  });
  expect(decide({ ...ALLOWED, now: NIGHT }, settings).refusal).toEqual({
    fault: 'callee_in_quiet_hours',
    isOfCaller: false,
    reason: 'It is 23:05 in Asia/Shanghai, where the callee may be: within QUIET_HOURS.',
    retryAfterSeconds: 8 * 3_600 + 54 * 60 + 30,
  });
  const always = readConfig({ JWT_SECRET: 'a secret that only the tests know: 32 bytes and more' });
  expect(decide({ ...ALLOWED, now: NIGHT }, always).refusal).toBeNull();
});

it('refuse a call to a line that has no more calls at a time', () => {
  const callee = { ...LINE, callsAtOnce: 5 };

  expect(decide({ ...ALLOWED, callee }, settings).refusal).toBeNull();
  expect(decide({ ...ALLOWED, callee: { ...callee, isTaken: true } }, settings).refusal).toMatchObject({
    fault: 'service_line_busy',
    reason: 'The service line is in as many calls as it has at a time: 5.',
    retryAfterSeconds: 10,
  });
});

it('refuse a call to one number more than the caller may call', () => {
  const caller = {
    ...ALLOWED.caller,
    spentOnCallees: { rate: { calls: 50, seconds: 86_400 }, retryAfterSeconds: 7 },
  };

  expect(decide({ ...ALLOWED, caller }, settings).refusal).toMatchObject({
    fault: 'caller_calls_too_many_numbers',
    reason: 'The caller has called 50 numbers within 86400 s, as many as CALLEES_PER_CALLER allows.',
    retryAfterSeconds: 7,
  });
  expect(decide({ ...ALLOWED, caller, callee: LINE }, settings).refusal).toBeNull();
});
