/** Yuntongxun's payloads from public sources: the provider reads them, and our test server writes the same fields. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { signRequest } from '../../src/telephony/yuntongxun/request-signature.js';
import { readFields } from '../../src/telephony/yuntongxun/wire-body.js';
import type { YuntongxunProvider } from '../../src/telephony/yuntongxun/yuntongxun.provider.js';
import { readFixtures } from '../support/fixtures.js';
import { callbackRequest, replyTimeout, providerAlone, providerFor } from '../support/yuntongxun-provider.js';
import { startYuntongxunServer, type YuntongxunServer } from '../support/yuntongxun-server.js';
import { readBy } from '../support/yuntongxun-webhook.js';
import { waitFor } from '../support/wait-for.js';

const webhooks = await readFixtures<{ readonly body: readonly string[]; readonly events: readonly object[] }>(
  'yuntongxun/webhooks',
);
const replies = await readFixtures<{
  readonly operation: string;
  readonly body: string;
  readonly outcome: object | boolean | 'throws';
}>('yuntongxun/replies');

const OURS = '26112505150000012345678901234567';
const THEIRS = '160115094848497400010006000021ed';
const namesIn = (body: string): string[] => [...readFields(body).keys()].sort();

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

describe('the provider reads', () => {
  it.each(webhooks)('the webhook $name', async ({ body, events }) => {
    const replica = providerAlone();

    const reading = readBy(replica, body.join('\n'));

    expect(reading).toMatchObject({ kind: 'genuine', events });
    for (const event of reading.kind === 'genuine' ? reading.events : []) {
      expect([OURS, null]).toContain(event.callSid);
      expect(event.providerCallId).toBe(THEIRS);
    }
    await replica.close();
  });

  const requestOf: Readonly<Record<string, () => Promise<unknown>>> = {
    Callback: () => provider.dial(callbackRequest(server, '13'), replyTimeout()),
    CallCancel: () => provider.hangUp({ callSid: OURS, providerCallId: THEIRS }),
    SubAccounts: () => provider.createSubAccount('somebody'),
    AccountInfo: () => provider.checkReachable().then(() => true),
    CallResult: () => provider.fetchStatus({ callSid: OURS, providerCallId: THEIRS }),
  };

  it.each(replies)('the reply: $name', async ({ operation, body, outcome }) => {
    server.replyInstead = (_, response) => response.end(body);

    const result = requestOf[operation]!();

    if (outcome === 'throws') await expect(result).rejects.toThrow();
    else if (typeof outcome === 'object') expect(await result).toMatchObject(outcome);
    else expect(await result).toBe(outcome);
  });
});

describe('the Yuntongxun test server', () => {
  it.each(['xml', 'json'] as const)('sends webhooks with the documented fields in %s', async (webhookFormat) => {
    const received: string[] = [];
    const receiver = createServer((request, response) => {
      void text(request).then((body) => {
        received.push(body);
        response.end('<Response><statuscode>0000</statuscode></Response>');
      });
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    const testServer = await startYuntongxunServer({ speed: 500, webhookFormat });
    const dial = { from: '13800001001', to: '13800002000', userData: OURS, hangupCdrUrl: url, needRecord: '1' };
    testServer.calls.webhookUrl = url;
    testServer.calls.place('one', dial);
    await waitFor('CallAuth, CallEstablish and Hangup', () => received.length === 3);
    testServer.calls.webhookUrl = null;
    testServer.calls.place('one', dial);
    await waitFor('the CDR', () => received.length === 4);

    testServer.calls.place('one', { ...dial, needBothCdr: '1' });
    await waitFor('the CDR of both legs', () => received.length === 5);

    const both = 'realtime CDR of both legs, a talk';
    const fixtures = ['CallAuth', 'CallEstablish', 'Hangup, by the callee', 'realtime CDR', both];
    const documented = fixtures.map((name) => webhooks.find((one) => one.name === name)!.body.join('\n'));
    expect(received.map(namesIn)).toEqual(documented.map(namesIn));
    await testServer.close();
    receiver.close();
    receiver.closeAllConnections();
  });

  it.each([
    ['Callback, in JSON', 'POST', 'SubAccounts', 'Calls/Callback', { from: '13800001001', to: '13800002013' }],
    ['the sig is wrong', 'POST', 'SubAccounts', 'Calls/Callback', { from: '13800001001', to: '13800002006' }],
    ['CreateSubAccount', 'POST', 'Accounts', 'SubAccounts', { friendlyName: 'somebody' }],
    ['AccountInfo', 'GET', 'Accounts', 'AccountInfo', null],
    ['CallResult', 'GET', 'Accounts', 'CallResult', null],
  ] as const)('replies with the documented fields: %s', async (name, method, of, path, fields) => {
    const callsid = server.calls.place('one', { to: '13800002013' });
    const sub = { sid: server.subAccount.externalId, token: server.subAccount.secret };
    const account = of === 'SubAccounts' ? sub : { sid: server.accountSid, token: server.authToken };
    const { sig, authorization } = signRequest(account, new Date());
    const query = new URLSearchParams({ sig, ...(path === 'CallResult' && { callsid }) });

    const reply = await fetch(`${server.url}/2013-12-26/${of}/${account.sid}/${path}?${query.toString()}`, {
      method,
      headers: { accept: 'application/json', 'content-type': 'application/json;charset=utf-8', authorization },
      ...(fields && { body: JSON.stringify({ ...fields, ...(of === 'Accounts' && { appId: server.appId }) }) }),
    });

    expect(namesIn(await reply.text())).toEqual(namesIn(replies.find((one) => one.name === name)!.body));
  });
});
