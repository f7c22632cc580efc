/** Which of Twilio's calls is matched to a dial that got no reply. */
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
  shownToCaller: null,
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
const matched = (legs: RecordedLeg[], dialled: Partial<DialledCall> = {}) =>
  callOfDial({ ...DIALLED, ...dialled }, ACCOUNT, legs);

it.each<[string, RecordedLeg[]]>([
  ['the only call', [leg(ONE)]],
  ['the only call, listed by several filters', [leg(ONE), leg(ONE)]],
  ['a call that is before the dial by Twilio’s clock', [leg(ONE, -20)]],
  ['a call that has ended', [leg(ONE, 1, { status: 'busy', endedAt: AT })]],
  ['the call that began after the dial', [leg(ONE), leg(OTHER, -60)]],
  ['the leg A, not the leg B', [leg(ONE), leg(OTHER, 2, { isLegB: true })]],
])('matches %s', (_, legs) => {
  expect(matched(legs)).toEqual({ accountSid: ACCOUNT, sid: ONE });
});

it('matches the call that is not another call of ours', () => {
  expect(matched([leg(ONE), leg(OTHER)], { othersIds: [`${ACCOUNT}/${OTHER}`] })).toMatchObject({ sid: ONE });
});

it.each<[string, RecordedLeg[]]>([
  ['there is none', []],
  ['all began before the dial', [leg(ONE, -3600)]],
  ['all are leg B', [leg(ONE, 1, { isLegB: true })]],
])('matches no call when %s', (_, legs) => {
  expect(matched(legs)).toBeNull();
});

it('throws when two calls match', () => {
  expect(() => matched([leg(ONE), leg(OTHER)])).toThrow(StatusUnavailable);
});
