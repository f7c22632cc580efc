/** The order for leg A at Asterisk: the variables that the dialplan reads. */
import { legAOrder } from '../../src/telephony/asterisk/leg-a-order.js';

it('whispers to each number of a hunt but an extension', () => {
  const usual = {
    ...{ ringCallerSeconds: 30, ringCalleeSeconds: 30, longestTalkSeconds: 60, record: false },
    ...{ shownToCaller: ['{callee}'], shownToCallee: ['{caller}'], whisper: 'custom/from-the-app&beep' },
  };
  const hunt = [
    { phone: '+8613900001001', ringSeconds: 10 },
    { phone: '+8613900001002', extension: '8001', ringSeconds: 10 },
    { phone: '+8613900001003', ringSeconds: 10 },
  ];
  const call = { callSid: '1'.repeat(32), callerPhone: '+8613900001000', calleePhone: '+8613900001001', hunt };

  const { variables } = legAOrder(call, { legA: 'PJSIP/a', legB: ['PJSIP/b', 'PJSIP/c', 'PJSIP/d'] }, usual, 'one');

  expect(variables).toMatchObject({
    RINGBACK_WHISPER: 'custom/from-the-app&beep',
    RINGBACK_WHISPER_2: '',
    RINGBACK_WHISPER_3: 'custom/from-the-app&beep',
  });
});

it('shows a number of the area, also where the pool has national numbers', () => {
  const [beijing, shanghai] = ['01056469588', '02156469501'];
  const usual = {
    ...{ ringCallerSeconds: 30, ringCalleeSeconds: 30, longestTalkSeconds: 60, record: false, region: 'CN' },
    ...{ shownToCaller: ['{callee}'], shownToCallee: [beijing, shanghai] },
  };
  for (let number = 0; number < 20; number++) {
    const callerPhone = `+8613900001${String(number).padStart(3, '0')}`;
    const shownIn = (calleePhone: string) =>
      legAOrder(
        { callSid: '1'.repeat(32), callerPhone, calleePhone },
        { legA: 'PJSIP/a', legB: ['PJSIP/b'] },
        usual,
        'one',
      ).variables.RINGBACK_SHOWN;

    expect([shownIn('+862162880001'), shownIn('+861062880001')]).toEqual([shanghai, beijing]);
  }
});
