/** How the client handles a carrier that misbehaves. No request is ever sent twice. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpCarrierClient } from '../../src/telephony/simulator/http-carrier-client.js';
import { dialRequest } from '../support/simulator-call.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

/** An HTTP server in place of the carrier. */
let server: Server;
let requests: string[];
let connections: number;
let answer: (response: ServerResponse) => void;
let client: HttpCarrierClient;
let url: string;

beforeEach(async () => {
  requests = [];
  connections = 0;
  server = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    request.resume().once('end', () => {
      answer(response);
    });
  });
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new HttpCarrierClient(url, { replyLimitMs: 1_000 });
});
afterEach(async () => {
  await client.close();
  server.close();
  server.closeAllConnections();
});

const CALL = { callSid: '1', providerCallId: null };
const replies = (status: number, body: string, headers: Record<string, string> = {}) => {
  answer = (response) => response.writeHead(status, headers).end(body);
};
const dial = (signal: AbortSignal = AbortSignal.timeout(1_000)) => client.dial(dialRequest('00'), signal);

const ACCEPTED = JSON.stringify({ callId: 'SIM1' });

const MISBEHAVIOURS: [string, (response: ServerResponse) => void][] = [
  ['fails', (response) => response.writeHead(500).end('{}')],
  ['is overloaded', (response) => response.writeHead(503, { 'retry-after': '0' }).end('{}')],
  ['redirects the request', (response) => response.writeHead(307, { location: '/calls' }).end()],
  ['says that the request was malformed', (response) => response.writeHead(400).end('{}')],
  ['has no such path', (response) => response.writeHead(404).end('{"message":"Not Found"}')],
  ['replies with a body that is not JSON', (response) => response.writeHead(201).end('<html>')],
  ['replies with a list', (response) => response.writeHead(201).end('[]')],
  ['replies with an empty body', (response) => response.writeHead(201).end()],
  ['leaves out the id', (response) => response.writeHead(201).end('{}')],
  ['sends an id that is a number', (response) => response.writeHead(201).end('{"callId":5}')],
  [
    'refuses with an unknown category',
    (response) => response.writeHead(422).end('{"category":"mood","code":"1","text":"no"}'),
  ],
  ['cuts the connection', (response) => response.socket?.resetAndDestroy()],
  ['closes the connection without a reply', (response) => response.socket?.end()],
  [
    'cuts its reply short',
    (response) => {
      response.writeHead(201, { 'content-length': '100' }).write('{"callId":');
      response.socket?.end();
    },
  ],
  ['sends nothing', () => undefined],
  ['starts a reply and does not finish it', (response) => response.writeHead(201).write('{"callId":')],
];

describe('a dial', () => {
  it('that is accepted returns the call’s id', async () => {
    replies(201, ACCEPTED);

    expect(await dial()).toEqual({ kind: 'accepted', providerCallId: 'SIM1' });
  });

  it('that is refused returns the reason', async () => {
    const refusal = { category: 'no_funds', code: '7', text: 'top up' };
    replies(422, JSON.stringify(refusal));

    expect(await dial()).toEqual({ kind: 'refused', ...refusal });
  });

  it.each(MISBEHAVIOURS)('has an unknown outcome, and is sent once, when the carrier %s', async (_, misbehave) => {
    answer = misbehave;

    await expect(dial()).rejects.toThrow();

    expect(requests).toEqual(['POST /calls']);
  });

  it('is refused as provider_down when nothing listens on the port', async () => {
    server.close();
    await once(server, 'close');

    expect(await dial()).toMatchObject({ kind: 'refused', category: 'provider_down' });
  });

  it('is refused as provider_down when the host name cannot be resolved', async () => {
    const lost = new HttpCarrierClient('http://carrier.invalid');

    expect(await lost.dial(dialRequest('00'), AbortSignal.timeout(5_000))).toMatchObject({ category: 'provider_down' });
    await lost.close();
  });

  it('has an unknown outcome when its connection is accepted and no data passes', async () => {
    const proxy = await startTcpProxy((server.address() as AddressInfo).port);
    proxy.mode = 'silence';
    const cutOff = new HttpCarrierClient(`http://127.0.0.1:${proxy.port}`);

    await expect(cutOff.dial(dialRequest('00'), AbortSignal.timeout(100))).rejects.toThrow();

    await cutOff.close();
    await proxy.close();
  });

  it('that waits for a reply is aborted when the client is closed', async () => {
    answer = () => undefined;
    const waiting = expect(dial(new AbortController().signal)).rejects.toThrow();

    await client.close();

    await waiting;
  });
});

describe('an order to hang up', () => {
  it.each(['taken', 'gone', 'passed'])('that is answered by %s returns that answer', async (kind) => {
    replies(200, JSON.stringify({ answer: kind }));

    expect(await client.hangUp(CALL, 'answered')).toEqual({ kind });

    expect(requests).toEqual(['POST /calls/1/hang-up']);
  });

  it.each(MISBEHAVIOURS)('throws when the carrier %s', async (_, misbehave) => {
    answer = misbehave;

    await expect(client.hangUp(CALL)).rejects.toThrow();
  });
});

describe('the status of a call', () => {
  it('is unknown only when the carrier replies with its own no_such_call code', async () => {
    replies(404, '{"code":"no_such_call"}');

    expect(await client.fetchStatus(CALL)).toEqual({ kind: 'unknown' });
  });

  it.each(MISBEHAVIOURS)('throws when the carrier %s', async (_, misbehave) => {
    answer = misbehave;

    await expect(client.fetchStatus(CALL)).rejects.toThrow();
  });
});

describe('a carrier', () => {
  it('is reachable when its health check is ok', async () => {
    replies(200, '{"status":"ok"}');

    await expect(client.checkReachable()).resolves.toBeUndefined();
  });

  it.each(MISBEHAVIOURS.filter(([name]) => !/nothing|empty body|does not finish/.test(name)))(
    'is not reachable when it %s',
    async (_, misbehave) => {
      answer = misbehave;

      await expect(client.checkReachable()).rejects.toThrow();
    },
  );
});
