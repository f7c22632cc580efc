/** Which webhooks are forged for Yuntongxun's path, and which are malformed. */
import ipaddr from 'ipaddr.js';
import type { WebhookRequest } from '../../src/telephony/telephony-provider.js';
import { providerAlone, WEBHOOK_TARGET, WEBHOOK_TOKEN } from '../support/yuntongxun-provider.js';
import { asXml, readBy, without, type Fields } from '../support/yuntongxun-webhook.js';

const replica = providerAlone();
afterAll(() => replica.close());

const OURS = '26013108000050012345678901234567';

const call: Fields = {
  type: '1',
  caller: '13800001001',
  called: '13800002000',
  callSid: '160115094848497400010006000021ed',
};
const auth = { action: 'CallAuth', ...call, userData: OURS };
const establish = { action: 'CallEstablish', ...call };
const hangUp = { action: 'Hangup', ...call, byetype: '4', userData: OURS };
const read = (body: string | Buffer, changes: Partial<WebhookRequest> = {}) => readBy(replica, body, changes);

describe('a webhook that is sent', () => {
  it.each([
    ['to the path without a token', '/v1/webhooks/yuntongxun'],
    ['without the token', '/v1/webhooks/yuntongxun/'],
    ['with another token', `/v1/webhooks/yuntongxun/${WEBHOOK_TOKEN.toUpperCase()}`],
    ['with the beginning of the token', WEBHOOK_TARGET.slice(0, -1)],
    ['with more than the token', `${WEBHOOK_TARGET}x`],
    ['below the token', `${WEBHOOK_TARGET}/CallAuth/x`],
    ['with an unknown action', `${WEBHOOK_TARGET}/AccountLookup`],
    ['with two actions', `${WEBHOOK_TARGET}/CallAuth/Hangup`],
    ['with an action in place of the token', '/v1/webhooks/yuntongxun/CallAuth'],
    ['with an action after another token', `${WEBHOOK_TARGET.slice(0, -1)}/Hangup`],
    ['with the token after the action', `/v1/webhooks/yuntongxun/Hangup/${WEBHOOK_TOKEN}`],
    ['with three slashes', `${WEBHOOK_TARGET}///Hangup`],
    ['with only slashes', '/'.repeat(15_000)],
    ['with the token in the query', `/v1/webhooks/yuntongxun?${WEBHOOK_TOKEN}`],
    ['to another provider', `/v1/webhooks/simulator/${WEBHOOK_TOKEN}`],
    ['to an empty path', ''],
  ])('%s is forged, with any body', (_, target) => {
    const reading = read(asXml(hangUp), { target });

    expect(reading).toEqual({ kind: 'forged', reason: expect.any(String) });
    expect(JSON.stringify(reading)).not.toContain(WEBHOOK_TOKEN);
    expect(read('', { target })).toEqual(reading);
  });

  const allowed = providerAlone({
    allowedAddresses: ['203.0.113.0/24', '2001:db8::/32'].map((range) => ipaddr.parseCIDR(range)),
  });
  afterAll(() => allowed.close());

  it.each(['203.0.114.1', '2001:db9::1', '::ffff:203.0.114.1', '', 'unknown'])(
    'from %j is forged when only other addresses are allowed',
    (address) => {
      expect(readBy(allowed, asXml(hangUp), { address })).toMatchObject({ kind: 'forged' });
    },
  );

  it.each(['203.0.113.7', '2001:db8::7', '::ffff:203.0.113.7'])('from the allowed address %j is genuine', (address) => {
    expect(readBy(allowed, asXml(hangUp), { address })).toMatchObject({ kind: 'genuine' });
  });

  it('with a wrong token, from a wrong address, or both, is forged with the same answer', () => {
    const target = '/v1/webhooks/yuntongxun/x';
    const [allowedAddress, other] = ['203.0.113.7', '203.0.114.1'];

    const answers = [
      readBy(allowed, asXml(hangUp), { address: other }),
      readBy(allowed, asXml(hangUp), { address: allowedAddress, target }),
      readBy(allowed, asXml(hangUp), { address: other, target }),
      read(asXml(hangUp), { target }),
    ];

    expect(answers).toEqual(answers.map(() => ({ kind: 'forged', reason: expect.any(String) })));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  it('from an allowed address without the token is forged', () => {
    expect(
      readBy(allowed, asXml(hangUp), { address: '203.0.113.7', target: '/v1/webhooks/yuntongxun/x' }),
    ).toMatchObject({
      kind: 'forged',
    });
  });
});

describe('a webhook', () => {
  it.each([
    ['without a body', ''],
    ['that is neither XML nor JSON', 'action=Hangup&callSid=a1'],
    ['that is an empty JSON list', '[]'],
    ['that is cut short', asXml(hangUp).slice(0, -12)],
    ['with a document type', `<!DOCTYPE request [<!ENTITY x "1">]>${asXml(hangUp).replace(/^<\?.*\?>\n/, '')}`],
    ['without an action', asXml(without(establish, 'action'))],
    ['with an unknown action in its body', asXml({ ...hangUp, action: 'AccountLookup' })],
    ['of a direct call', asXml({ ...hangUp, type: '0' })],
    ['without Yuntongxun’s callSid', asXml(without(hangUp, 'callSid'))],
    ['with an empty callSid', asXml({ ...hangUp, callSid: '' })],
    ['with other characters in its callSid', asXml({ ...hangUp, callSid: 'a1;b2' })],
    ['with a callSid that is too long', asXml({ ...hangUp, callSid: 'a'.repeat(65) })],
    ['with a JSON number as callSid', JSON.stringify({ ...hangUp, callSid: 0 }).replace(':0', `:1${'0'.repeat(31)}`)],
    ['with userData that is not ours', asXml({ ...hangUp, userData: '666666' })],
    ['with one digit too many in userData', asXml({ ...hangUp, userData: `${OURS}1` })],
    ['with Arabic digits in userData', asXml({ ...hangUp, userData: '٢'.repeat(32) })],
    ['that is a CallAuth without userData', asXml(without(auth, 'userData'))],
    ['that is a CallAuth with another app’s userData', asXml({ ...auth, userData: 'theirs' })],
  ])('%s is malformed', (_, body) => {
    const reading = read(body);

    expect(reading).toEqual({ kind: 'malformed', reason: expect.stringMatching(/^Not understood: .+\.$/) });
    expect(JSON.stringify(reading)).not.toMatch(/138000|26013108/);
  });

  it('that is not UTF-8 is malformed', () => {
    const body = Buffer.concat([Buffer.from(asXml(hangUp)), Buffer.from([0xff])]);

    expect(read(body)).toMatchObject({ kind: 'malformed' });
  });
});
