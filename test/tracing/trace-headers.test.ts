/** What the clients of providers send of a trace. The simulator's is in tracing.test.ts. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import {
  carryTraceParent,
  inSpan,
  inTrace,
  inTraceOfClient,
  traceHeaders,
  traceWith,
} from '../../src/common/tracing.js';
import { AriClient } from '../../src/telephony/asterisk/ari-client.js';
import { TWILIO } from '../../src/telephony/twilio/twilio-dialect.js';
import { TwilioHttp } from '../../src/telephony/twilio/twilio-http.js';
import { RestClient } from '../../src/telephony/yuntongxun/rest-client.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const CALL_SID = '26112900000000000000000000000001';

let server: Server;
let url: string;
let received: IncomingHttpHeaders[];

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  traceWith(new TracerProvider().getTracer('test'));
  server = createServer((request, response) => {
    received.push(request.headers);
    response.writeHead(200).end('{"statusCode":"000000"}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  received = [];
});
afterAll(async () => {
  // The files of a worker share them.
  traceWith(undefined);
  context.disable();
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

const sendByTwilio = async (): Promise<void> => {
  const client = new TwilioHttp(TWILIO, url);
  const signal = AbortSignal.timeout(5_000);
  await client.until(signal).request({ method: 'post', uri: 'https://api.twilio.com/2010-04-01/Calls.json', data: {} });
  await client.close();
};

const sendByYuntongxun = async (): Promise<void> => {
  const client = new RestClient({ url, format: 'json', replyLimitMs: 5_000 });
  await client.ask({ of: 'Accounts', account: { sid: 'sid', token: 'token' }, path: 'AccountInfo' });
  await client.close();
};

const sendByAsterisk = async (): Promise<void> => {
  const client = new AriClient({ url, username: 'user', password: 'password' });
  await client.send('GET', '/asterisk/info');
  await client.close();
};

it.each([
  ['Twilio', sendByTwilio],
  ['容联', sendByYuntongxun],
  ['Asterisk', sendByAsterisk],
])('a request to %s has the traceparent of its span, and none outside of a span', async (_name, send) => {
  await inTrace(CALL_SID, PARENT, () => inSpan('dial', {}, send));
  await send();

  expect(received.map(({ traceparent }) => traceparent)).toEqual([
    expect.stringMatching(`^00-${TRACE}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`),
    undefined,
  ]);
});

const traceFor = (header: string): Promise<string> =>
  new Promise((resolve) => {
    carryTraceParent(header, () => {
      resolve(inTraceOfClient(() => inSpan('place call', {}, () => Promise.resolve(traceHeaders().traceparent ?? ''))));
    });
  });

it.each([
  ['', 'empty'],
  [`00-${TRACE}-00f067aa0ba902b7`, 'no flags'],
  [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, 'no trace'],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, 'no span'],
  [`00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`, 'upper case'],
  [`${PARENT}-more`, 'version 00 has four fields'],
  [`ff${PARENT.slice(2)}`, 'version ff'],
  [`01${PARENT.slice(2)}more`, 'longer flags'],
  [`${PARENT}, ${PARENT}`, 'twice'],
])('a client’s traceparent %j is ignored: %s', async (header) => {
  expect(await traceFor(header)).toMatch(new RegExp(`^00-(?!${TRACE})[0-9a-f]{32}-[0-9a-f]{16}-01$`));
});

it.each([PARENT, `01${PARENT.slice(2)}`, `cc${PARENT.slice(2)}-of-a-later-version`])(
  'a client’s traceparent %j is heeded',
  async (header) => {
    expect(await traceFor(header)).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  },
);

it('a call whose client does not sample is not traced, and says so to whom it is passed on', async () => {
  expect(await traceFor(PARENT.replace(/1$/, '0'))).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
});
