/** Which of Twilio's calls a dial without a reply is taken to have made. */
import type { DialledCall } from '../../src/telephony/telephony-provider.js';
import { StatusUnavailable } from '../../src/telephony/telephony-provider.js';
import type { RecordedLeg } from '../../src/telephony/twilio/fetched-status.js';
import { callOfDial } from '../../src/telephony/twilio/lost-dial.js';

const ACCOUNT = `AC${'a'.repeat(32)}`;
const [ONE, OTHER] = [`CA${'1'.repeat(32)}`, `CA${'2'.repeat(32)}`];
const AT = new Date('2026-11-25T05:15:33.700Z');
const DIALLED: DialledCall = {
  callerPhone: '+8613800001001',
  calleePhone: '+8613800002000',
  subAccount: ACCOUNT,
  at: AT,
  othersIds: [],
};

const leg = (sid: string, secondsAfter = 1, given: Partial<RecordedLeg> = {}): RecordedLeg => {
  const createdAt = new Date(AT.getTime() + secondsAfter * 1000);
  return {
    sid,
    isLegB: false,
    status: 'ringing',
    createdAt,
    updatedAt: createdAt,
    startedAt: null,
    endedAt: null,
    seconds: null,
    answeredBy: null,
    ...given,
  };
};
const found = (legs: RecordedLeg[], dialled: Partial<DialledCall> = {}) =>
  callOfDial({ ...DIALLED, ...dialled }, ACCOUNT, legs);

it.each<[string, RecordedLeg[]]>([
  ['the only one', [leg(ONE)]],
  ['the only one, listed by several filters', [leg(ONE), leg(ONE)]],
  ['one that Twilio’s clock puts before the dial', [leg(ONE, -20)]],
  ['one that is over', [leg(ONE, 1, { status: 'busy', endedAt: AT })]],
  ['the one that began after the dial', [leg(ONE), leg(OTHER, -60)]],
  ['the one that an order made', [leg(ONE), leg(OTHER, 2, { isLegB: true })]],
])('%s', (_, legs) => {
  expect(found(legs)).toEqual({ accountSid: ACCOUNT, sid: ONE });
});

it('the one that is no other call of ours', () => {
  expect(found([leg(ONE), leg(OTHER)], { othersIds: [`${ACCOUNT}/${OTHER}`] })).toMatchObject({ sid: ONE });
});

it.each<[string, RecordedLeg[]]>([
  ['none is there', []],
  ['all began before the dial', [leg(ONE, -3600)]],
  ['all are legs B', [leg(ONE, 1, { isLegB: true })]],
])('none where %s', (_, legs) => {
  expect(found(legs)).toBeNull();
});

it('none can be told where it may be one of two', () => {
  expect(() => found([leg(ONE), leg(OTHER)])).toThrow(StatusUnavailable);
});
