/** The Yuntongxun test server is as strict as the protocol, so a client that it accepts follows the protocol. */
import { createHash } from 'node:crypto';
import { startYuntongxunServer, type YuntongxunServer } from '../support/yuntongxun-server.js';

let server: YuntongxunServer;
beforeEach(async () => {
  server = await startYuntongxunServer({ speed: 0.001 });
});
afterEach(() => server.close());

const inChina = (time: number) => new Date(time + 8 * 3_600_000).toISOString().replace(/[-:T]/g, '').slice(0, 14);

interface Changes {
  method?: string;
  path?: string;
  timestamp?: string;
  sig?: (correct: string) => string;
  authorization?: (correct: string) => string;
  headers?: Record<string, string>;
  query?: string;
  body?: string | null;
}

const ORDER = { from: '13800001001', to: '01052823213', userData: 'abc123' };

/** Sends a valid Callback request with the given changes. */
const ask = async (changes: Changes = {}) => {
  const { externalId: sid, secret } = server.subAccount;
  const { path = `/2013-12-26/SubAccounts/${sid}/Calls/Callback`, timestamp = inChina(Date.now()) } = changes;
  const { sig = (correct) => `sig=${correct}`, authorization = (correct) => correct, query = '' } = changes;
  const isMain = path.includes('/Accounts/');
  const [account, token] = isMain ? [server.accountSid, server.authToken] : [sid, secret];
  const md5 = createHash('md5')
    .update(account + token + timestamp)
    .digest('hex')
    .toUpperCase();
  const header = authorization(Buffer.from(`${account}:${timestamp}`).toString('base64'));
  const response = await fetch(`${server.url}${path}?${sig(md5)}${query}`, {
    method: changes.method ?? 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/json;charset=utf-8',
      ...(header && { authorization: header }),
      ...changes.headers,
    },
    ...(changes.body !== null && { body: changes.body ?? JSON.stringify(ORDER) }),
  });
  const text = await response.text();
  return text === '' ? response.status : (JSON.parse(text) as { statusCode: string; statusMsg?: string });
};
const order = (changes: object): Changes => ({ body: JSON.stringify({ ...ORDER, ...changes }) });
const XML_HEADERS = { accept: 'application/xml', 'content-type': 'application/xml;charset=utf-8' };

it('the test server accepts a valid request', async () => {
  expect(await ask()).toMatchObject({ statusCode: '000000', CallBack: { callSid: expect.stringMatching(/^\w{32}$/) } });
  expect(server.complaints).toEqual([]);
  expect(server.calls.dials).toMatchObject([{ fields: ORDER }]);
});

it.each([
  ['a lower-case sig', { sig: (correct) => `sig=${correct.toLowerCase()}` }, '111109'],
  ['no sig', { sig: () => '' }, '111108'],
  ['two sigs', { sig: (correct) => `sig=${correct}&sig=${correct}` }, '111108'],
  ['no Authorization', { authorization: () => '' }, '111101'],
  ['Basic in front', { authorization: (correct) => `Basic ${correct}` }, '111102'],
  ['no time in the Authorization', { authorization: () => Buffer.from('sid').toString('base64') }, '111103'],
  ['a time in UTC', { timestamp: inChina(Date.now() - 8 * 3_600_000) }, '111106'],
  ['a time from two minutes ago', { timestamp: inChina(Date.now() - 120_000) }, '111106'],
  ['a time in seconds since 1970', { timestamp: '1466671042' }, '111113'],
  ['an unknown version', { path: '/2016-01-01/SubAccounts/x/Calls/Callback' }, '111110'],
  ['an invalid sid', { path: '/2013-12-26/SubAccounts/x/Calls/Callback' }, '111100'],
  ['an unknown field', order({ mood: 'cheerful' }), '112904'],
  ['a number in place of a string', order({ maxCallTime: 60 }), '112902'],
  ['no callee', { body: JSON.stringify({ from: '13800001001' }) }, '112903'],
  ['an empty callee', order({ to: '' }), '112903'],
  ['a number in E.164', order({ to: '+8613800002013' }), '112905'],
  ['userData with other characters', order({ userData: 'a-b' }), '112905'],
  ['userData that is too long', order({ userData: 'a'.repeat(257) }), '112905'],
  ['the callee’s own number shown to it', order({ customerSerNum: ORDER.to }), '112906'],
  ['fields in the query', { query: '&from=13800001001' }, '112900'],
] as [string, Changes, string][])('the test server refuses a request with %s', async (_, changes, code) => {
  expect(await ask(changes)).toMatchObject({ statusCode: code });

  expect(server.complaints).toHaveLength(1);
  expect(server.calls.dials).toEqual([]);
});

it.each([
  ['the main account for a dial', () => ({ path: `/2013-12-26/Accounts/${server.accountSid}/Calls/Callback` }), 404],
  ['the method GET for a dial', () => ({ method: 'GET', body: null }), 404],
  ['another Accept', () => ({ headers: { accept: '*/*' } }), 406],
  ['a Content-Type without its charset', () => ({ headers: { 'content-type': 'application/json' } }), 415],
  ['the vendor’s own single quotes', () => ({ body: "{'from':'13800001001'}" }), 400],
] as [string, () => Changes, number][])(
  'the test server replies with an HTTP error to a request with %s',
  async (_, changes, status) => {
    expect(await ask(changes())).toBe(status);

    expect(server.calls.dials).toEqual([]);
  },
);

it('the test server accepts XML only under the right root', async () => {
  const fields = '<from>13800001001</from><to>13800002013</to>';
  const send = async (body: string) => {
    const { externalId: sid, secret } = server.subAccount;
    const timestamp = inChina(Date.now());
    const sig = createHash('md5')
      .update(sid + secret + timestamp)
      .digest('hex')
      .toUpperCase();
    const response = await fetch(`${server.url}/2013-12-26/SubAccounts/${sid}/Calls/Callback?sig=${sig}`, {
      method: 'POST',
      headers: { ...XML_HEADERS, authorization: Buffer.from(`${sid}:${timestamp}`).toString('base64') },
      body,
    });
    return response.text();
  };

  expect(await send(`<CallBack>${fields}</CallBack>`)).toContain('<Response><statusCode>000000</statusCode><CallBack>');
  expect(await send(`<Callback>${fields}</Callback>`)).toContain('<statusCode>112901</statusCode>');
});

it('the test server does not let a sub-account cancel another sub-account’s call', () => {
  const callSid = server.calls.place('one', ORDER);

  expect(server.calls.cancel(callSid, '0', 'other')).toBe('no such call');
  expect(server.calls.cancel(callSid, '0', 'main')).toBe('taken');
  expect(server.calls.cancel(callSid, '0', 'one')).toBe('no such call');
});
