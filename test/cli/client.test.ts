/** The command line's client against services that reply slowly, endlessly or not at all. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, saidBy } from '../../src/cli/client.js';
import { statesOf } from '../../src/cli/state-stream.js';

const CALL_SID = '1'.repeat(32);

let server: Server;
let reply: RequestListener;
let client: Client;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    reply(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new Client(url, 'token', 100);
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

describe('a request', () => {
  it.each<[string, RequestListener]>([
    ['never replied to', () => undefined],
    [
      'replied to byte by byte',
      (_, response) => {
        response.write('{');
        const timer = setInterval(() => response.write(' '), 10);
        response.on('close', () => {
          clearInterval(timer);
        });
      },
    ],
  ])('that is %s times out', async (_, misbehave) => {
    reply = misbehave;

    await expect(client.ask('callService')).rejects.toThrow(`${url} has not replied within 0.1 s.`);
    await expect(client.states(CALL_SID).next()).rejects.toThrow(`${url} has not replied within 0.1 s.`);
  });

  it('that is refused for its token says why', async () => {
    reply = (_, response) =>
      response
        .writeHead(401, {
          'www-authenticate': 'Bearer error="invalid_token", error_description="The token expired 12 s ago."',
        })
        .end('{"returnCode":401,"returnMsg":"A valid access token is required."}');

    expect(saidBy(await client.ask('callService'))).toBe(
      '401 A valid access token is required. The token expired 12 s ago.',
    );
    await expect(client.states(CALL_SID).next()).rejects.toThrow('The token expired 12 s ago.');
  });

  it('with a too long reply is aborted', async () => {
    reply = (_, response) => response.end(`{"returnCode":200,"x":"${'x'.repeat(200_000)}"}`);

    await expect(new Client(url, 'token', 10_000).ask('callService')).rejects.toThrow('is not Ringback');
  });
});

it('a stream that is silent too long is reopened after the last event', async () => {
  const opened: (string | null)[] = [];
  const encoder = new TextEncoder();
  const states = statesOf(async (lastEventId) => {
    opened.push(lastEventId);
    const [id, stateType] = lastEventId === null ? ['1', '1'] : ['2', '4'];
    return new ReadableStream({
      start(controller) {
        controller.enqueue(encoder.encode(`id: ${id}\ndata: {"data":{"stateType":"${stateType}"}}\n\n`));
      },
    });
  }, 50);

  const seen = [];
  for await (const { stateType } of states) seen.push(stateType);

  expect(seen).toEqual(['1', '4']);
  expect(opened).toEqual([null, '1']);
});
