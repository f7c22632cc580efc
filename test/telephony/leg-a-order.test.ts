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
