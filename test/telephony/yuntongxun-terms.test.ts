/** The terms of a single call at 容联: in the dial, and in the answer to CallAuth, which any replica sends. */
import { countDownOf } from '../../src/telephony/yuntongxun/count-down.js';
import fc from 'fast-check';
import { readUserData, writeUserData } from '../../src/telephony/yuntongxun/user-data.js';
import { callbackRequest, replyTimeout, providerAlone, providerFor } from '../support/yuntongxun-provider.js';
import { startYuntongxunServer } from '../support/yuntongxun-server.js';
import { asXml, readBy } from '../support/yuntongxun-webhook.js';

const CALL_SID = '26013108000050012345678901234567';
const AUTH = {
  action: 'CallAuth',
  type: '1',
  subtype: '2',
  subid: 'sub',
  caller: '13800001001',
  called: '13800002000',
  callSid: '160115094848497400010006000021ed',
  appId: 'app',
};

const withSettings = providerAlone({ record: true, maxCallSeconds: 7_200 });
afterAll(() => withSettings.close());

const answerTo = (userData: string): string => {
  const reading = readBy(withSettings, asXml({ ...AUTH, userData }));
  return reading.kind === 'genuine' ? (reading.reply?.body ?? '') : reading.reason;
};

it('the answer to CallAuth has the terms of the call, and the settings for terms that it lacks', () => {
  expect(answerTo(CALL_SID)).toContain('<record>1</record><sessiontime>7200</sessiontime>');
  expect(answerTo(`${CALL_SID}t600`)).toContain('<record>1</record><sessiontime>600</sessiontime>');
  expect(answerTo(`${CALL_SID}r0t600`)).toContain('<statusmsg>Success</statusmsg><sessiontime>600</sessiontime>');
  expect(answerTo(`${CALL_SID}r0`)).not.toContain('record');
});

it('a talk longer than TALK_WARNING has a warning, in the dial and in the answer to CallAuth', async () => {
  const server = await startYuntongxunServer();
  const provider = providerFor(server, { maxCallSeconds: 7_200, talkWarningSeconds: 60 });
  const warned = providerAlone({ maxCallSeconds: 7_200, talkWarningSeconds: 60 });
  const answer = (userData: string): string => {
    const reading = readBy(warned, asXml({ ...AUTH, userData }));
    return reading.kind === 'genuine' ? (reading.reply?.body ?? '') : reading.reason;
  };
  try {
    await provider.dial(callbackRequest(server, '13'), replyTimeout());
    await provider.dial(callbackRequest(server, '13', { terms: { longestTalkSeconds: 60 } }), replyTimeout());

    const [usual, short] = server.calls.dials;
    expect(usual?.fields).toMatchObject({ maxCallTime: '7200', countDownTime: '60' });
    expect(short?.fields).toMatchObject({ maxCallTime: '60' });
    expect(Object.keys(short?.fields ?? {})).not.toContain('countDownTime');
    expect(answer(CALL_SID)).toContain('<sessiontime>7200</sessiontime><countDownTime>60</countDownTime>');
    expect(answer(`${CALL_SID}t60`)).toContain('<sessiontime>60</sessiontime></Response>');
    expect(server.complaints).toEqual([]);
  } finally {
    await provider.close();
    await warned.close();
    await server.close();
  }
});

it.each([
  [60, 7_200, 60],
  [10, 7_200, 5],
  [25, 7_200, 30],
  [300, 7_200, 60],
  [50, 60, 30],
  [4, 5, undefined],
  [60, 60, undefined],
  [60, undefined, undefined],
])('a warning of %j s in a talk of %j s is announced at %j s', (warning, talk, announced) => {
  expect(countDownOf(warning, talk)).toBe(announced);
});

it('userData in another format is refused', () => {
  for (const text of [
    `${CALL_SID}r2`,
    `${CALL_SID}x`,
    `${CALL_SID}t`,
    `${CALL_SID}t1r1`,
    CALL_SID.slice(1),
    `${CALL_SID} `,
  ]) {
    expect(readUserData(text)).toBeNull();
  }
  expect(answerTo(`${CALL_SID}r2`)).toBe('Not understood: userData is not one of our callSids.');
});

it('userData is read as it was written', () => {
  const terms = fc.record(
    { record: fc.boolean(), longestTalkSeconds: fc.integer({ min: 1, max: 86_400 }) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(terms, (given) => {
      expect(readUserData(writeUserData(CALL_SID, given))).toEqual({ callSid: CALL_SID, terms: given });
    }),
  );
});

it('a dial that must not be recorded has no needRecord, and its terms are in userData', async () => {
  const server = await startYuntongxunServer();
  const provider = providerFor(server, { record: true, maxCallSeconds: 7_200 });
  const request = callbackRequest(server, '13', { terms: { record: false, longestTalkSeconds: 600 } });

  await provider.dial(request, replyTimeout());

  const { fields } = server.calls.dials[0]!;
  expect(fields).toMatchObject({ userData: `${request.callSid}r0t600`, maxCallTime: '600' });
  expect(Object.keys(fields)).not.toContain('needRecord');
  expect(server.complaints).toEqual([]);
  await provider.close();
  await server.close();
});
