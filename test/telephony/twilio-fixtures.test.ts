/** Twilio's documented payloads: the provider reads them, and our test server writes the same fields. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RefusalCategory } from '../../src/telephony/telephony-provider.js';
import { readCallback } from '../../src/telephony/twilio/callback-events.js';
import { TWILIO } from '../../src/telephony/twilio/twilio-dialect.js';
import type { CallbackSource } from '../../src/telephony/twilio/callback-url.js';
import { readFixtures } from '../support/fixtures.js';
import {
  ACCOUNTS,
  CALLER_NUMBER,
  MAIN,
  noTimeout,
  TENANT,
  twilioDial,
  twilioProvider,
} from '../support/twilio-call.js';
import { startTwilioReceiver } from '../support/twilio-receiver.js';
import { startTwilioServer } from '../support/twilio-server.js';
import { waitFor } from '../support/wait-for.js';

const callbacks = await readFixtures<{
  readonly callbackSource: CallbackSource;
  readonly fields: Readonly<Record<string, string>>;
  readonly events: readonly object[];
}>('twilio/callbacks');
const replies = await readFixtures<{ readonly status: number; readonly body: Record<string, unknown> }>(
  'twilio/replies',
);
const errors = await readFixtures<{
  readonly status: number;
  readonly body: { readonly code: number; readonly message: string };
  readonly category: RefusalCategory;
}>('twilio/errors');

const bodyOf = (name: string): Record<string, unknown> => replies.find((reply) => reply.name === name)!.body;
const namesIn = (fields: object): string => Object.keys(fields).sort().join(' ');

describe('the provider reads', () => {
  it.each(callbacks)('$name', ({ callbackSource: source, fields, events }) => {
    const callback = {
      kind: 'genuine',
      callSid: '1'.repeat(32),
      accountSid: new URLSearchParams(fields).get('AccountSid') ?? '',
      source,
      fields: new URLSearchParams(fields),
    } as const;

    const read = readCallback(TWILIO, callback, new Date('2026-11-25T05:15:31Z'));

    expect(read).toMatchObject(events);
    for (const event of read) {
      expect(event.providerCallId).toMatch(/^AC(1f){16}\/CA(a1){16}$/);
      expect(event.occurredAt.toISOString()).toMatch(/^2026-11-25T05:15:/);
    }
  });

  it('a call and its leg B, as the same events that their callbacks yield', async () => {
    const api = createServer(({ url = '' }, response) => {
      response.end(JSON.stringify(bodyOf(url.includes('ParentCallSid') ? 'a page of calls' : 'a call')));
    }).listen(0, '127.0.0.1');
    await once(api, 'listening');
    const provider = twilioProvider({ apiUrl: `http://127.0.0.1:${(api.address() as AddressInfo).port}` });
    const { sid, account_sid: account } = bodyOf('a call') as { sid: string; account_sid: string };

    const status = await provider.fetchStatus({ callSid: '1'.repeat(32), providerCallId: `${account}/${sid}` });

    const events = status.kind === 'known' ? status.events : [];
    expect(events.map(({ type, endReason }) => [type, endReason].join(' ').trim())).toEqual([
      'accepted',
      'caller_answered',
      'answered',
      'ended completed',
      'ended canceled',
    ]);
    const callbackIds = callbacks.flatMap(({ callbackSource: source, fields }) =>
      source === 'dial' ? [] : ['accepted', fields.CallStatus].map((what) => `${fields.CallSid ?? ''}:${what ?? ''}`),
    );
    for (const { eventId } of events) expect(callbackIds).toContain(eventId);
    await provider.close();
    api.close();
  });
});

describe('a dial that gets a reply', () => {
  const dialAnsweredBy = async (status: number, body: object) => {
    const server = await startTwilioServer({ accounts: ACCOUNTS, callerNumbers: [CALLER_NUMBER], speed: 1 });
    const provider = twilioProvider({ apiUrl: server.url });
    server.answerNext(status, JSON.stringify(body));
    const outcome = await provider.dial(twilioDial('13'), noTimeout());
    await provider.close();
    await server.close();
    return outcome;
  };

  it('with a created call is accepted', async () => {
    const body = bodyOf('a call that was created') as { sid: string };

    expect(await dialAnsweredBy(201, body)).toEqual({
      kind: 'accepted',
      providerCallId: `${TENANT.externalId}/${body.sid}`,
    });
  });

  it.each(errors)('with $name is refused as $category', async ({ status, body, category }) => {
    const { code, message: text } = body;

    expect(await dialAnsweredBy(status, body)).toEqual({ kind: 'refused', category, code: String(code), text });
  });
});

describe('the Twilio test server', () => {
  it('sends callbacks with the documented fields', async () => {
    const receiver = await startTwilioReceiver(() => provider);
    const server = await startTwilioServer({ accounts: ACCOUNTS, callerNumbers: [CALLER_NUMBER], speed: 200 });
    const provider = twilioProvider({ apiUrl: server.url, publicUrl: receiver.url, record: true });
    for (const script of ['00', '01', '02', '03', '04', '05']) await provider.dial(twilioDial(script), noTimeout());
    await waitFor('all calls to end', () =>
      [...server.calls.values()].every(({ legA, legB }) => legA.endedAt && (legB?.endedAt ?? true)),
    );
    await waitFor('all callbacks to be answered', () => server.callbacks.every(({ answers }) => answers.length > 0));

    const known = callbacks.map(({ callbackSource: source, fields }) => [
      source,
      fields.DialCallStatus ?? fields.CallStatus,
      namesIn(fields),
    ]);
    for (const { url, fields } of server.callbacks) {
      const source = new URL(url).searchParams.get('source');
      const status = fields.DialCallStatus ?? fields.CallStatus;
      // A final status without its own fixture has the fields of any other final status.
      const sameStatus = known.filter(([by, at]) => by === source && at === status);
      const expected = sameStatus.length > 0 ? sameStatus : known.filter(([by]) => by === source);
      expect(expected.map(([, , names]) => names)).toContain(namesIn(fields));
    }
    await provider.close();
    await server.close();
    await receiver.close();
  });

  it.each([
    ['a call that was created', 'POST', 'Calls'],
    ['a call', 'GET', 'Calls/CA'],
    ['a page of calls', 'GET', 'Calls?ParentCallSid=CA'],
    ['an account', 'GET', ''],
  ])('replies with the documented fields: %s', async (name, method, path) => {
    const server = await startTwilioServer({
      accounts: ACCOUNTS,
      callerNumbers: [CALLER_NUMBER],
      speed: 100,
      reach: () => 'http://127.0.0.1:9',
    });
    const provider = twilioProvider({ apiUrl: server.url });
    await provider.dial(twilioDial('13', MAIN), noTimeout());
    const [call] = [...server.calls.values()];
    await waitFor('leg B', () => call!.legB);
    const [resource = '', query] = path.replace(/CA$/, call!.legA.sid).split('?');
    const url = `${server.url}/2010-04-01/Accounts/${MAIN.externalId}${resource && `/${resource}`}.json`;

    const reply = await fetch(query === undefined ? url : `${url}?${query}`, {
      method,
      headers: { authorization: `Basic ${Buffer.from(`${MAIN.externalId}:${MAIN.secret}`).toString('base64')}` },
      ...(method === 'POST' && { body: new URLSearchParams(server.forms[0]) }),
    });

    const body = (await reply.json()) as { calls?: object[] };
    expect(reply.status).toBe(replies.find((one) => one.name === name)!.status);
    expect(namesIn(body)).toBe(namesIn(bodyOf(name)));
    for (const leg of body.calls ?? []) expect(namesIn(leg)).toBe(namesIn(bodyOf('a call')));
    expect(body.calls?.length).toBe(name === 'a page of calls' ? 1 : undefined);
    await provider.close();
    await server.close();
  });

  it('refuses with the documented fields', async () => {
    const server = await startTwilioServer({ accounts: ACCOUNTS, callerNumbers: [CALLER_NUMBER], speed: 1 });

    const reply = await fetch(`${server.url}/2010-04-01/Accounts/${MAIN.externalId}/Calls.json`, { method: 'POST' });

    for (const { body } of errors) expect(namesIn((await reply.clone().json()) as object)).toBe(namesIn(body));
    expect(server.takeFaults()).toEqual([expect.stringContaining('no form')]);
    await server.close();
  });
});
