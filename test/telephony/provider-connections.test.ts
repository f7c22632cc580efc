import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { request, type Agent } from 'undici';
import { connectionsTo, KEPT_MS, NotReached } from '../../src/telephony/provider-connections.js';

let server: Server;
let url: string;
let agent: Agent;
let connections: Socket[];
let requests: number;
let holdReplies: Promise<unknown> | undefined;

beforeEach(async () => {
  connections = [];
  requests = 0;
  holdReplies = undefined;
  server = createServer((_, response) => {
    requests++;
    // Longer than we keep any connection.
    void Promise.resolve(holdReplies).then(() => response.setHeader('keep-alive', 'timeout=60').end('{}'));
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => connections.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  agent = connectionsTo('the provider');
});
afterEach(async () => {
  await agent.destroy();
  server.closeAllConnections();
  server.close();
});

const ask = async (): Promise<void> => {
  const { body } = await request(url, { method: 'POST', body: '{}', dispatcher: agent });
  await body.dump();
};

describe('a request to a provider', () => {
  it('reuses a connection that has just delivered a reply', async () => {
    for (let i = 0; i < 10; i++) await ask();

    // A connection that has just delivered a reply may not be free yet.
    expect(connections.length).toBeLessThanOrEqual(2);
  });

  it('opens a new connection when the last reply is too long ago, even if the provider offers a longer keep-alive', async () => {
    await ask();
    // undici checks its clock about every second.
    await sleep(KEPT_MS + 2_000);
    await ask();

    expect(connections).toHaveLength(2);
  });

  it('opens a new connection when the provider has closed the last one', async () => {
    await ask();
    for (const connection of connections) connection.destroy();
    for (let i = 0; i < 10; i++) await turn();
    await ask();

    expect([connections.length, requests]).toEqual([2, 2]);
  });

  it('does not wait for the reply to another request', async () => {
    let reply = (): void => undefined;
    holdReplies = new Promise<void>((resolve) => (reply = resolve));
    const requested = Promise.all([ask(), ask(), ask()]);
    while (requests < 3) await sleep(10);
    reply();
    await requested;

    expect(connections).toHaveLength(3);
  });

  it('that fails after it was sent is not sent again, and is not reported as NotReached', async () => {
    await ask();
    holdReplies = new Promise(() => undefined);
    const broken = ask().catch((error: unknown) => error);
    while (requests < 2) await sleep(10);
    for (const connection of connections) connection.destroy();

    expect(await broken).toBeInstanceOf(Error);
    expect(await broken).not.toBeInstanceOf(NotReached);
    expect(requests).toBe(2);
  });

  it('that does not listen is reported as NotReached', async () => {
    const nowhere = connectionsTo('the provider');
    await expect(request('http://127.0.0.1:1', { dispatcher: nowhere })).rejects.toThrow(NotReached);
    await nowhere.destroy();
  });
});
