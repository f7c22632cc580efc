/** The choice of a number from a setting with several. */
import { legAOrder } from '../../src/telephony/asterisk/leg-a-order.js';
import { numberFrom } from '../../src/telephony/number-pool.js';

const BEIJING = '+861056469588';
const SHANGHAI = ['+862156469501', '+862156469502', '+862156469503', '+862156469504'];
const SAN_FRANCISCO = '+14155550100';
const NEW_YORK = '+12125550100';
const POOL = [BEIJING, ...SHANGHAI, SAN_FRANCISCO, NEW_YORK];
const CALLER = '+8613900001001';

const chosenFor = (callee: string, pool: readonly string[] = POOL, caller = CALLER): string =>
  numberFrom(pool, callee, [caller, callee]);
const mobiles = Array.from({ length: 400 }, (_, index) => `+8613800${String(index).padStart(6, '0')}`);

it.each([
  ['a landline of the same area', '+861082325588', [BEIJING]],
  ['a landline of another area with numbers', '+862182325588', SHANGHAI],
  ['a landline of an area without numbers', '+8675582325588', [BEIJING, ...SHANGHAI]],
  ['a mobile', '+8613800002000', [BEIJING, ...SHANGHAI]],
  ['a number of the same area code abroad', '+14155550199', [SAN_FRANCISCO]],
  ['a number of another area code abroad', '+13105550199', [SAN_FRANCISCO, NEW_YORK]],
  ['a number of a country without numbers', '+442079460000', POOL],
  ['a short number', '95588', POOL],
])('of a call to %s is one of the nearest', (_, callee, nearest) => {
  expect(nearest).toContain(chosenFor(callee));
});

it('is the same for a pair, on every replica and in any order of the setting', () => {
  for (const callee of mobiles) expect(chosenFor(callee, [...POOL].reverse())).toBe(chosenFor(callee));
});

it('differs between the pairs, so that all numbers are used', () => {
  const used = (callees: readonly string[], caller?: string) =>
    new Set(callees.map((callee) => chosenFor(callee, SHANGHAI, caller)));

  expect([...used(mobiles)].sort()).toEqual(SHANGHAI);
  const ofCallers = new Set(mobiles.map((caller) => chosenFor('+8613800002000', SHANGHAI, caller)));
  expect([...ofCallers].sort()).toEqual(SHANGHAI);
});

it('changes only for the pairs of a number that leaves', () => {
  const [gone, ...left] = SHANGHAI;

  for (const callee of mobiles) {
    const before = chosenFor(callee, SHANGHAI);
    if (before !== gone) expect(chosenFor(callee, left)).toBe(before);
  }
});

it('reads national numbers by their region', () => {
  const pool = ['01056469588', '02156469501', '4008001234'];

  expect(numberFrom(pool, '+862182325588', [CALLER, '+862182325588'], 'CN')).toBe('02156469501');
});

it('is the only one, whatever it is', () => {
  expect(numberFrom(['{caller}'], '+861082325588', [CALLER, '+861082325588'])).toBe('{caller}');
});

it('is chosen for each leg by the phone that shows it, and a call’s own number replaces it', () => {
  const usual = {
    ...{ ringCallerSeconds: 30, ringCalleeSeconds: 30, longestTalkSeconds: 60, record: false },
    shownToCaller: ['{callee}', BEIJING],
    shownToCallee: [BEIJING, SHANGHAI[0]!],
  };
  const legs = { legA: 'PJSIP/a', legB: ['PJSIP/b'] };
  const call = { callSid: '1'.repeat(32), callerPhone: '+861082325588', calleePhone: '+862182325588' };

  const order = legAOrder(call, legs, usual, 'one');
  const own = legAOrder({ ...call, terms: { shownToCallee: BEIJING } }, legs, usual, 'one');

  expect(new URL(order.path, 'http://asterisk').searchParams.get('callerId')).toBe(BEIJING);
  expect([order, own].map(({ variables }) => variables.RINGBACK_SHOWN)).toEqual([SHANGHAI[0], BEIJING]);
});
