/** Dials to Yuntongxun, over real HTTP, against a server that was written from the vendor's protocol. */
import type { DialRequest } from '../../src/telephony/telephony-provider.js';
import type { YuntongxunProvider } from '../../src/telephony/yuntongxun/yuntongxun.provider.js';
import { callbackRequest, replyTimeout, providerFor, WEBHOOK_TARGET } from '../support/yuntongxun-provider.js';
import { YUNTONGXUN_MISBEHAVIOURS } from '../support/yuntongxun-misbehaviours.js';
import { startYuntongxunServer, type YuntongxunServer } from '../support/yuntongxun-server.js';

let server: YuntongxunServer;
let provider: YuntongxunProvider;

beforeEach(async () => {
  server = await startYuntongxunServer();
  provider = providerFor(server);
});
afterEach(async () => {
  await provider.close();
  await server.close();
});

/** Replaces the default provider. */
const providerWith = async (options: Parameters<typeof providerFor>[1]): Promise<void> => {
  await provider.close();
  provider = providerFor(server, options);
};
const dial = (script: string, changes: Partial<DialRequest> = {}, signal = replyTimeout()) =>
  provider.dial(callbackRequest(server, script, changes), signal);
const replies = (status: number, body: string) => {
  server.replyInstead = (_, response) => response.writeHead(status).end(body);
};

describe.each(['json', 'xml'] as const)('a dial in %s', (format) => {
  beforeEach(() => providerWith({ format }));

  it('is sent with the sub-account, national numbers and our callSid, and returns Yuntongxun’s id', async () => {
    const request = callbackRequest(server, '13');

    const outcome = await provider.dial(request, replyTimeout());

    const [placed] = server.calls.dials;
    expect(outcome).toEqual({ kind: 'accepted', providerCallId: placed!.callSid });
    expect(placed).toMatchObject({
      subAccountSid: server.subAccount.externalId,
      fields: { from: '13800001001', to: '13800002013', userData: request.callSid },
    });
    expect(Object.keys(placed!.fields).sort()).toEqual(['from', 'to', 'userData']);
    expect(server.complaints).toEqual([]);
  });

  it('contains the configured fields', async () => {
    await providerWith({
      format,
      publicUrl: 'https://ringback.example/',
      maxCallSeconds: 3600,
      record: true,
      displayNumbers: { customerSerNum: ['01052823298'], fromSerNum: ['4008001234'] },
    });

    await dial('13');

    expect(server.complaints).toEqual([]);
    expect(server.calls.dials[0]!.fields).toMatchObject({
      maxCallTime: '3600',
      needRecord: '1',
      customerSerNum: '01052823298',
      fromSerNum: '4008001234',
      hangupCdrUrl: `https://ringback.example${WEBHOOK_TARGET}`,
    });
  });

  it.each([
    ['06', { category: 'bad_number', code: '112050', text: '【呼叫】被叫号码格式错误' }],
    ['07', { category: 'bad_account', code: '111150', text: '【账号】子账户已关闭' }],
  ])('of script %s is refused with the code and the text', async (script, refusal) => {
    expect(await dial(script)).toEqual({ kind: 'refused', ...refusal });
  });

  it('is hung up with the sub-account that placed it', async () => {
    const request = callbackRequest(server, '13');
    const outcome = await provider.dial(request, replyTimeout());
    const providerCallId = outcome.kind === 'accepted' ? outcome.providerCallId : '';

    expect(await provider.hangUp({ callSid: request.callSid, providerCallId })).toEqual({ kind: 'taken' });

    const by = server.subAccount.externalId;
    expect(server.calls.hangUps).toEqual([{ callSid: providerCallId, type: '0', by, answer: 'taken' }]);
    expect(server.complaints).toEqual([]);
  });
});

describe('a dial is refused without a request', () => {
  it.each([
    ['the caller’s number is foreign', { callerPhone: '+14155550123' }, 'not_permitted', 'RB-NOT-CHINA'],
    ['the callee is in Hong Kong', { calleePhone: '+85251234567' }, 'not_permitted', 'RB-NOT-CHINA'],
    ['the sub-account is not a sid', { subAccount: { externalId: '../x', secret: 's' } }, 'bad_account', 'RB-NO-SID'],
    ['the sub-account is empty', { subAccount: { externalId: '', secret: '' } }, 'bad_account', 'RB-NO-SID'],
  ])('when %s', async (_, changes, category, code) => {
    expect(await dial('13', changes)).toMatchObject({ kind: 'refused', category, code });

    expect(server.requests).toEqual([]);
  });

  it('when nothing listens on the port', async () => {
    await server.close();

    expect(await dial('13')).toMatchObject({ category: 'provider_down', code: 'RB-UNREACHED' });
    server = await startYuntongxunServer();
  });
});

it('a phone is not shown its own number', async () => {
  await providerWith({ displayNumbers: { customerSerNum: ['13800002013'], fromSerNum: ['13800001001'] } });

  expect(await dial('13')).toMatchObject({ kind: 'accepted' });
  expect(server.calls.dials[0]!.fields).not.toHaveProperty('customerSerNum');
  expect(server.complaints).toEqual([]);
});

it('a short number is dialled unchanged', async () => {
  await dial('13', { calleePhone: '95588' });

  expect(server.calls.dials[0]!.fields.to).toBe('95588');
  expect(server.complaints).toEqual([]);
});

it('the extension of a landline follows its number', async () => {
  await dial('13', { calleePhone: '+861056469513', calleeExtension: '8001' });

  expect(server.calls.dials[0]!.fields.to).toBe('01056469513-8001');
  expect(server.complaints).toEqual([]);
});

it.each([
  ['a landline', '+861056469513', true],
  ['a landline of another area', '+8657112345678', true],
  ['a mobile phone', '+8613800002013', false],
  ['a service number', '95588', false],
  ['a 400 number', '+864008001234', false],
  ['a foreign number', '+14155550123', false],
])('%s (%s): dials its extensions: %s', (_, phone, does) => {
  expect(provider.dialsExtension(phone)).toBe(does);
});

it('a sub-account with a wrong secret is refused as bad_account', async () => {
  const subAccount = { ...server.subAccount, secret: 'stale' };

  expect(await dial('13', { subAccount })).toMatchObject({ category: 'bad_account', code: '111109' });
});

describe('the outcome of a dial is unknown, and the dial is sent once, when Yuntongxun', () => {
  it.each(YUNTONGXUN_MISBEHAVIOURS)('%s', async (_, misbehave) => {
    server.replyInstead = (__, response) => {
      misbehave(response);
    };

    await expect(dial('13', {}, AbortSignal.timeout(2_000))).rejects.toThrow();

    expect(server.requests).toEqual([`POST SubAccounts/${server.subAccount.externalId}/Calls/Callback`]);
  });

  it.each(['08', '09'])('follows script %s', async (script) => {
    await expect(dial(script, {}, AbortSignal.timeout(2_000))).rejects.toThrow();

    expect(server.requests).toHaveLength(1);
    expect(server.calls.dials).toHaveLength(script === '08' ? 1 : 0);
  });
});

it('a dial whose signal is already aborted is not sent', async () => {
  await expect(dial('13', {}, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');

  expect(server.requests).toEqual([]);
});

it('a dial that waits for a reply is aborted when the provider is closed', async () => {
  server.replyInstead = () => undefined;
  const waiting = expect(dial('13', {}, new AbortController().signal)).rejects.toThrow();

  await provider.close();

  await waiting;
});

it.each([
  ['as in the vendor’s samples', '{"statusCode":"000000","CallBack":{"callSid":"160115094848497400010006000021ed"}}'],
  [
    'in lower case and inside a head',
    '<Response><head><statuscode>000000</statuscode><CallBack><callSid>160115094848497400010006000021ed</callSid></CallBack></head></Response>',
  ],
  [
    'in the other format',
    '<?xml version="1.0"?><response><STATUSCODE>000000</STATUSCODE><callsid>160115094848497400010006000021ed</callsid></response>',
  ],
])('an accepted dial is recognised %s', async (_, body) => {
  replies(200, body);

  expect(await dial('13')).toEqual({ kind: 'accepted', providerCallId: '160115094848497400010006000021ed' });
});

it('a refusal code is recognised with any HTTP status', async () => {
  replies(500, '{"statusCode":"111142","statusMsg":"【账号】主账户余额不足"}');

  expect(await dial('13')).toEqual({
    kind: 'refused',
    category: 'no_funds',
    code: '111142',
    text: '【账号】主账户余额不足',
  });
});
