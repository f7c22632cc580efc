/** Whom Yuntongxun's door lets in, and what it makes of nonsense. */
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

describe('forged is a webhook', () => {
  it.each([
    ['to the bare path', '/v1/webhooks/yuntongxun'],
    ['without the token', '/v1/webhooks/yuntongxun/'],
    ['with another token', `/v1/webhooks/yuntongxun/${WEBHOOK_TOKEN.toUpperCase()}`],
    ['with the beginning of the token', WEBHOOK_TARGET.slice(0, -1)],
    ['with more than the token', `${WEBHOOK_TARGET}x`],
    ['below the token', `${WEBHOOK_TARGET}/CallAuth/x`],
    ['with an action that is none', `${WEBHOOK_TARGET}/AccountLookup`],
    ['with two actions', `${WEBHOOK_TARGET}/CallAuth/Hangup`],
    ['with an action in the place of the token', '/v1/webhooks/yuntongxun/CallAuth'],
    ['with an action behind another token', `${WEBHOOK_TARGET.slice(0, -1)}/Hangup`],
    ['with the token behind the action', `/v1/webhooks/yuntongxun/Hangup/${WEBHOOK_TOKEN}`],
    ['with three slashes', `${WEBHOOK_TARGET}///Hangup`],
    ['with nothing but slashes', '/'.repeat(15_000)],
    ['with the token in the query', `/v1/webhooks/yuntongxun?${WEBHOOK_TOKEN}`],
    ['to another provider', `/v1/webhooks/simulator/${WEBHOOK_TOKEN}`],
    ['to nothing', ''],
  ])('%s, whatever its body is', (_, target) => {
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
    'from %j, when other addresses are allowed alone',
    (address) => {
      expect(readBy(allowed, asXml(hangUp), { address })).toMatchObject({ kind: 'forged' });
    },
  );

  it.each(['203.0.113.7', '2001:db8::7', '::ffff:203.0.113.7'])('but not from %j, which is allowed', (address) => {
    expect(readBy(allowed, asXml(hangUp), { address })).toMatchObject({ kind: 'genuine' });
  });

  it('with one answer, whether the token is wrong, the address, or both', () => {
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

  it('from an allowed address without the token', () => {
    expect(
      readBy(allowed, asXml(hangUp), { address: '203.0.113.7', target: '/v1/webhooks/yuntongxun/x' }),
    ).toMatchObject({
      kind: 'forged',
    });
  });
});

describe('malformed is a webhook', () => {
  it.each([
    ['without a body', ''],
    ['that is neither XML nor JSON', 'action=Hangup&callSid=a1'],
    ['that is a JSON list of nothing', '[]'],
    ['that is cut short', asXml(hangUp).slice(0, -12)],
    ['with a document type', `<!DOCTYPE request [<!ENTITY x "1">]>${asXml(hangUp).replace(/^<\?.*\?>\n/, '')}`],
    ['without an action', asXml(without(establish, 'action'))],
    ['with an action that we do not know', asXml({ ...hangUp, action: 'AccountLookup' })],
    ['of a direct call', asXml({ ...hangUp, type: '0' })],
    ['without their callSid', asXml(without(hangUp, 'callSid'))],
    ['whose callSid is empty', asXml({ ...hangUp, callSid: '' })],
    ['whose callSid has other characters', asXml({ ...hangUp, callSid: 'a1;b2' })],
    ['whose callSid is endless', asXml({ ...hangUp, callSid: 'a'.repeat(65) })],
    ['whose callSid is a JSON number', JSON.stringify({ ...hangUp, callSid: 0 }).replace(':0', `:1${'0'.repeat(31)}`)],
    ['whose userData is not ours', asXml({ ...hangUp, userData: '666666' })],
    ['whose userData has a digit too many', asXml({ ...hangUp, userData: `${OURS}1` })],
    ['whose userData has other digits', asXml({ ...hangUp, userData: '٢'.repeat(32) })],
    ['that asks to allow a call of nobody’s', asXml(without(auth, 'userData'))],
    ['that asks to allow a call of somebody else', asXml({ ...auth, userData: 'theirs' })],
  ])('%s', (_, body) => {
    const reading = read(body);

    expect(reading).toEqual({ kind: 'malformed', reason: expect.stringMatching(/^Not understood: .+\.$/) });
    expect(JSON.stringify(reading)).not.toMatch(/138000|26013108/);
  });

  it('that is not UTF-8', () => {
    const body = Buffer.concat([Buffer.from(asXml(hangUp)), Buffer.from([0xff])]);

    expect(read(body)).toMatchObject({ kind: 'malformed' });
  });
});
