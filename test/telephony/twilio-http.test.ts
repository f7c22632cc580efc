/** How the provider handles a Twilio or a network that misbehaves. No request is ever sent twice. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TwilioProvider } from '../../src/telephony/twilio/twilio.provider.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { TENANT, twilioDial, twilioProvider } from '../support/twilio-call.js';

const CALL = { callSid: '1', providerCallId: `${TENANT.externalId}/CA${'c'.repeat(32)}` };
const ACCEPTED = JSON.stringify({ sid: `CA${'d'.repeat(32)}`, status: 'queued' });

const MISBEHAVIOURS: [string, (response: ServerResponse) => void][] = [
  ['fails', (response) => response.writeHead(500).end('{"code":20500,"status":500}')],
  ['is overloaded', (response) => response.writeHead(503, { 'retry-after': '0' }).end('{}')],
  ['redirects the request', (response) => response.writeHead(307, { location: '/elsewhere' }).end()],
  ['refuses without a Twilio error', (response) => response.writeHead(400).end('{}')],
  ['refuses with an HTML page', (response) => response.writeHead(403).end('<html>')],
  ['replies with a 404 that is not Twilio’s', (response) => response.writeHead(404).end('not found')],
  ['replies with a body that is not JSON', (response) => response.writeHead(201).end('<html>')],
  ['replies with a list', (response) => response.writeHead(201).end('[]')],
  ['replies with an empty body', (response) => response.writeHead(201).end()],
  ['leaves out the sid', (response) => response.writeHead(201).end('{}')],
  ['sends a sid that is not a call’s', (response) => response.writeHead(201).end('{"sid":"SM1"}')],
  ['cuts the connection', (response) => response.socket?.resetAndDestroy()],
  ['closes the connection without a reply', (response) => response.socket?.end()],
  [
    'cuts its reply short',
    (response) => {
      response.writeHead(201, { 'content-length': '1000' }).write(ACCEPTED.slice(0, -1));
      response.socket?.end();
    },
  ],
  ['sends nothing', () => undefined],
  ['starts a reply and does not finish it', (response) => response.writeHead(201).write('{"sid":')],
];

describe('when the server in place of Twilio', () => {
  let server: Server;
  let requests: string[];
  let connections: number;
  let answer: (response: ServerResponse) => void;
  let provider: TwilioProvider;
  let port: number;
  let afterRequest: AbortSignal;

  beforeEach(async () => {
    requests = [];
    connections = 0;
    const controller = new AbortController();
    afterRequest = controller.signal;
    server = createServer((request, response) => {
      requests.push(request.method ?? '');
      // The time-out starts when the request has arrived, so a slow machine does not shorten it.
      setTimeout(() => controller.abort(new Error('no patience any more')), 200);
      request.resume().once('end', () => {
        answer(response);
      });
    });
    server.on('connection', () => connections++);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
    provider = twilioProvider({ apiUrl: `http://127.0.0.1:${port}`, replyLimitMs: 200 });
  });
  afterEach(async () => {
    await provider.close();
    server.close();
    server.closeAllConnections();
  });

  const dial = (signal = afterRequest) => provider.dial(twilioDial('00'), signal);

  it.each(MISBEHAVIOURS)('%s, a dial has an unknown outcome and is sent once', async (_, misbehave) => {
    answer = misbehave;

    await expect(dial()).rejects.toThrow();

    expect(requests).toEqual(['POST']);
  });

  it.each(MISBEHAVIOURS)('%s, hangUp and fetchStatus throw', async (_, misbehave) => {
    answer = misbehave;

    await expect(provider.hangUp(CALL)).rejects.toThrow();
    await expect(provider.fetchStatus(CALL)).rejects.toThrow();
  });

  it.each(MISBEHAVIOURS.slice(0, 6))('%s, checkReachable throws', async (_, misbehave) => {
    answer = misbehave;

    await expect(provider.checkReachable()).rejects.toThrow();
  });

  it('does not listen, a dial is refused as provider_down', async () => {
    server.close();
    await once(server, 'close');

    expect(await dial()).toMatchObject({ kind: 'refused', category: 'provider_down', code: 'TWILIO-UNREACHED' });
    await expect(provider.hangUp(CALL)).rejects.toThrow('cannot be reached');
  });

  it('has a host name that cannot be resolved, a dial is refused as provider_down', async () => {
    const lost = twilioProvider({ apiUrl: 'http://twilio.invalid' });

    expect(await lost.dial(twilioDial('00'), AbortSignal.timeout(5_000))).toMatchObject({ category: 'provider_down' });
    await expect(lost.checkReachable()).rejects.toThrow();
    await lost.close();
  });

  it('accepts the connection but no data passes, a dial has an unknown outcome', async () => {
    const proxy = await startTcpProxy(port);
    proxy.mode = 'silence';
    const cutOff = twilioProvider({ apiUrl: `http://127.0.0.1:${proxy.port}` });

    await expect(cutOff.dial(twilioDial('00'), AbortSignal.timeout(100))).rejects.toThrow();

    await cutOff.close();
    await proxy.close();
  });

  it('does not reply, closing the provider aborts the dial', async () => {
    answer = () => undefined;
    const waiting = expect(dial(new AbortController().signal)).rejects.toThrow();

    await provider.close();

    await waiting;
  });
});
