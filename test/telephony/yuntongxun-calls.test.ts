/** Complete calls: dialled and reported over HTTP, for each way in which an app can be set up. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { ProviderEvent } from '../../src/telephony/telephony-provider.js';
import type { YuntongxunProvider } from '../../src/telephony/yuntongxun/yuntongxun.provider.js';
import { callbackRequest, replyTimeout, providerFor, WEBHOOK_TARGET } from '../support/yuntongxun-provider.js';
import type { Format } from '../support/yuntongxun-request.js';
import { startYuntongxunServer, type YuntongxunServer } from '../support/yuntongxun-server.js';
import { waitFor } from '../support/wait-for.js';

const CLOCK_SECOND_MS = 1_000;

let server: YuntongxunServer;
let provider: YuntongxunProvider;
let receiver: Server;
let received: ProviderEvent[];

/** A receiver like the webhook controller: the reading decides on status and body. */
const openReceiver = async (): Promise<string> => {
  receiver = createServer((request, response) => {
    void buffer(request).then((body) => {
      const { url: target = '' } = request;
      const reading = provider.readWebhook({ headers: {}, body, target, address: '127.0.0.1' });
      if (reading.kind !== 'genuine') return response.writeHead(reading.kind === 'forged' ? 401 : 400).end();
      received.push(...reading.events);
      return response.writeHead(200, { 'content-type': reading.reply!.contentType }).end(reading.reply!.body);
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  return receiverUrl();
};
const receiverUrl = (): string => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;

type App = 'with 应用鉴权' | 'with 应用鉴权, the action behind its address' | 'without 应用鉴权';

const start = async (app: App, webhookFormat: Format, speed = 200): Promise<void> => {
  received = [];
  const publicUrl = await openReceiver();
  server = await startYuntongxunServer({ speed, webhookFormat });
  if (app !== 'without 应用鉴权') server.calls.webhookUrl = publicUrl + WEBHOOK_TARGET;
  server.calls.appendsAction = app === 'with 应用鉴权, the action behind its address';
  provider = providerFor(server, { publicUrl, format: webhookFormat });
};
afterEach(async () => {
  await provider.close();
  await server.close();
  receiver.close();
  receiver.closeAllConnections();
});

const place = async (script: string) => {
  const request = callbackRequest(server, script);
  const outcome = await provider.dial(request, replyTimeout());
  return { callSid: request.callSid, providerCallId: outcome.kind === 'accepted' ? outcome.providerCallId : null };
};
const end = () => waitFor('the end', () => received.find(({ type }) => type === 'ended'));

/** For each script: end reason, leg, and whether the Hangup alone proves that there was a talk. */
const SCRIPTS = [
  ['00', 'completed', 'B', true],
  ['01', 'unreachable', 'B', false],
  ['02', 'no_answer', undefined, false],
  ['03', 'no_answer', 'B', false],
  ['04', 'unreachable', 'B', false],
  ['05', 'no_answer', 'A', false],
  ['12', 'completed', 'A', true],
] as const;

/** Events between CallAuth and the end: answered for a talk; else caller_answered, except in script 05. */
const typesBefore = (script: string, isTalk: boolean): string[] =>
  isTalk ? ['answered'] : script === '05' ? [] : ['caller_answered'];

describe.each([
  ['xml', 'with 应用鉴权'],
  ['json', 'with 应用鉴权'],
  ['xml', 'with 应用鉴权, the action behind its address'],
] as const)('in %s, an app %s', (format, app) => {
  it.each(SCRIPTS)('reports a call of script %s', async (script, endReason, leg, isTalk) => {
    await start(app, format);

    const call = await place(script);
    const ended = await end();

    expect(ended).toMatchObject({ ...call, endReason });
    expect(ended.detail?.leg).toBe(leg);
    const types = ['accepted', ...typesBefore(script, isTalk), 'ended'];
    expect(new Set(received.map(({ type }) => type))).toEqual(new Set(types));
    expect(new Set(received.map(({ eventId }) => eventId)).size).toBe(types.length);
    await waitFor('every answer', () => server.calls.deliveries.length === (isTalk ? 3 : 2));
    expect(server.calls.deliveries.every(({ status }) => status === 200)).toBe(true);
    expect(server.complaints).toEqual([]);
  });
});

describe.each(['xml', 'json'] as const)('in %s, an app without 应用鉴权', (format) => {
  it.each(SCRIPTS)('reports the end of a call of script %s', async (script, endReason, _, isTalk) => {
    await start('without 应用鉴权', format);

    const call = await place(script);

    expect(await end()).toMatchObject({ ...call, endReason });
    const callerFirst = isTalk ? ['caller_answered'] : [];
    expect(received.map(({ type }) => type)).toEqual([...callerFirst, ...typesBefore(script, isTalk), 'ended']);
    await waitFor('the answer', () => server.calls.deliveries.length === 1);
    expect(server.calls.deliveries).toMatchObject([{ action: 'CDR', status: 200 }]);
    expect(server.calls.deliveries[0]!.answer).toContain('<statuscode>000000</statuscode>');
  });
});

it('a dial without a reply is still reported, by our callSid', async () => {
  await start('with 应用鉴权', 'xml');
  const request = callbackRequest(server, '08');

  await expect(provider.dial(request, AbortSignal.timeout(2_000))).rejects.toThrow();

  expect(await end()).toMatchObject({ callSid: request.callSid, endReason: 'completed' });
});

it('a talk is reported by Yuntongxun’s id while it is in progress', async () => {
  await start('with 应用鉴权', 'xml', 1_000);

  const { providerCallId } = await place('13');
  const answered = await waitFor('the answer', () => received.find(({ type }) => type === 'answered'));

  expect(answered).toMatchObject({ callSid: null, providerCallId });
  expect(Math.abs(answered.occurredAt.getTime() - Date.now())).toBeLessThan(10 * CLOCK_SECOND_MS);
});

it.each(['with 应用鉴权', 'without 应用鉴权'] as const)(
  'a talk that is hung up is canceled, in an app %s',
  async (app) => {
    await start(app, 'xml', 1_000);
    const call = await place('13');
    await waitFor('the talk', () => server.calls.phaseOf(call.providerCallId!) === 'talking');

    await provider.hangUp(call);

    // The lifecycle turns it into completed if it has the answer.
    expect(await end()).toMatchObject({ ...call, endReason: 'canceled', detail: { byetype: '1' } });
  },
);

it.each(['with 应用鉴权', 'without 应用鉴权'] as const)(
  'a call that is hung up before the callee answers is canceled, in an app %s',
  async (app) => {
    await start(app, 'xml', 1);
    const call = await place('02');

    await provider.hangUp(call);

    expect(await end()).toMatchObject({ ...call, endReason: 'canceled', detail: { byetype: '-14' } });
    expect(received.map(({ type }) => type)).not.toContain('answered');
  },
);

it.each(['with 应用鉴权', 'without 应用鉴权'] as const)(
  'a call is recorded when the settings say so, in an app %s',
  async (app) => {
    await start(app, 'xml');
    await provider.close();
    provider = providerFor(server, { publicUrl: receiverUrl(), record: true });

    const { providerCallId } = await place('00');

    expect((await end()).recording).toBe(`http://record.example/${providerCallId!}.wav?a=1&b=2`);
  },
);

it('a call whose CallAuth is refused is not placed', async () => {
  await start('with 应用鉴权', 'xml');
  server.calls.webhookUrl = `${server.calls.webhookUrl!}-not`;

  const { providerCallId } = await place('13');

  await waitFor('the end', () => server.calls.phaseOf(providerCallId!) === 'over');
  expect(server.calls.deliveries[0]).toMatchObject({ action: 'CallAuth', status: 401 });
  expect(received).toEqual([]);
});
