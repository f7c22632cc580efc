/** What the provider makes of a Twilio that misbehaves, or of a network that does. Nothing is ever sent twice. */
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
  ['sends it elsewhere', (response) => response.writeHead(307, { location: '/elsewhere' }).end()],
  ['refuses without a word of Twilio’s', (response) => response.writeHead(400).end('{}')],
  ['refuses with a page of somebody else’s', (response) => response.writeHead(403).end('<html>')],
  ['has no such page', (response) => response.writeHead(404).end('not found')],
  ['answers with what is no JSON', (response) => response.writeHead(201).end('<html>')],
  ['answers with a list', (response) => response.writeHead(201).end('[]')],
  ['answers with nothing', (response) => response.writeHead(201).end()],
  ['leaves out the sid', (response) => response.writeHead(201).end('{}')],
  ['gives a sid that is none', (response) => response.writeHead(201).end('{"sid":"SM1"}')],
  ['cuts the connection', (response) => response.socket?.resetAndDestroy()],
  ['hangs up without a word', (response) => response.socket?.end()],
  [
    'cuts its reply short',
    (response) => {
      response.writeHead(201, { 'content-length': '1000' }).write(ACCEPTED.slice(0, -1));
      response.socket?.end();
    },
  ],
  ['says nothing', () => undefined],
  ['begins to answer and falls silent', (response) => response.writeHead(201).write('{"sid":')],
];

describe('while something in Twilio’s place', () => {
  let server: Server;
  let asked: string[];
  let connections: number;
  let answer: (response: ServerResponse) => void;
  let provider: TwilioProvider;
  let port: number;
  let soon: AbortSignal;

  beforeEach(async () => {
    asked = [];
    connections = 0;
    const patience = new AbortController();
    soon = patience.signal;
    server = createServer((request, response) => {
      asked.push(request.method ?? '');
      // Patience ends after the question has come, however slow the machine is.
      setTimeout(() => patience.abort(new Error('no patience any more')), 200);
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

  const dial = (signal = soon) => provider.dial(twilioDial('00'), signal);

  it.each(MISBEHAVIOURS)('%s, a dial has an unknown outcome and is sent once', async (_, misbehave) => {
    answer = misbehave;

    await expect(dial()).rejects.toThrow();

    expect(asked).toEqual(['POST']);
  });

  it.each(MISBEHAVIOURS)('%s, hanging up and asking for the status throw', async (_, misbehave) => {
    answer = misbehave;

    await expect(provider.hangUp(CALL)).rejects.toThrow();
    await expect(provider.fetchStatus(CALL)).rejects.toThrow();
  });

  it.each(MISBEHAVIOURS.slice(0, 6))('%s, it is not reachable', async (_, misbehave) => {
    answer = misbehave;

    await expect(provider.checkReachable()).rejects.toThrow();
  });

  it('does not listen, a dial is refused for certain', async () => {
    server.close();
    await once(server, 'close');

    expect(await dial()).toMatchObject({ kind: 'refused', category: 'provider_down', code: 'TWILIO-UNREACHED' });
    await expect(provider.hangUp(CALL)).rejects.toThrow('cannot be reached');
  });

  it('has a name that leads nowhere, a dial is refused for certain', async () => {
    const lost = twilioProvider({ apiUrl: 'http://twilio.invalid' });

    expect(await lost.dial(twilioDial('00'), AbortSignal.timeout(5_000))).toMatchObject({ category: 'provider_down' });
    await expect(lost.checkReachable()).rejects.toThrow();
    await lost.close();
  });

  it('is cut off by the network, a dial has an unknown outcome', async () => {
    const proxy = await startTcpProxy(port);
    proxy.mode = 'silence';
    const cutOff = twilioProvider({ apiUrl: `http://127.0.0.1:${proxy.port}` });

    await expect(cutOff.dial(twilioDial('00'), AbortSignal.timeout(100))).rejects.toThrow();

    await cutOff.close();
    await proxy.close();
  });

  it('lets a dial wait, the dial is let go when the provider is closed', async () => {
    answer = () => undefined;
    const waiting = expect(dial(new AbortController().signal)).rejects.toThrow();

    await provider.close();

    await waiting;
  });
});
