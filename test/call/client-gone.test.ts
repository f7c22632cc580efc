/** A client disconnects while its request waits for the token check or the database. No listener of it stays. */
import { getEventListeners, once } from 'node:events';
import {
  createServer,
  get,
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { Client } from 'pg';
import { ChangeFeed } from '../../src/call/updates/change-feed.js';
import { Draining } from '../../src/common/draining.js';
import { openStream } from '../support/event-stream.js';
import { storeCall, applyEvent, type StoredCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const CLIENTS = 3;

let service: TestApp;

const listeners = (): number => service.app.nest.get(ChangeFeed).listeners;
/** Listeners on the drain signal, which lives as long as the process. */
const heldByDraining = (): number => heldBy(service.app.nest.get(Draining).signal);

/** Listeners on the signal, and signals that AbortSignal.any made from it, which Node keeps in a separate set. */
const heldBy = (signal: AbortSignal): number => {
  const kept = Object.getOwnPropertySymbols(signal).find(({ description }) => description === 'kDependantSignals');
  const dependants = kept && (Reflect.get(signal, kept) as Set<unknown> | null);
  return getEventListeners(signal, 'abort').length + (dependants?.size ?? 0);
};

const connections = (): Promise<number> =>
  new Promise((resolve, reject) => {
    service.app.nest.getHttpServer().getConnections((error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });

const disconnect = async (requests: readonly ClientRequest[]): Promise<void> => {
  for (const request of requests) request.destroy();
  await waitFor('all to be disconnected', async () => (await connections()) === 0);
};

const send = (url: string, headers: Record<string, string> = {}): ClientRequest =>
  get(url, { headers, agent: false }).on('error', () => undefined);

/** Its connection closes with the response, so that the count of connections is that of the clients who wait. */
const ask = async (url: string): Promise<void> => {
  const [response] = (await once(send(url), 'response')) as [IncomingMessage];
  await once(response.resume(), 'end');
};

/** A change number that the replica has not cached: it queries the database. */
const NOT_CACHED = { 'last-event-id': '99' };

describe('a client that disconnects during the database query', () => {
  beforeAll(async () => {
    service = await startTestApp();
  });
  afterAll(() => service.close());

  const streamOf = async ({ callSid, callerId }: StoredCall): Promise<string> =>
    `${service.url}/v1/app/callState/${callSid}/stream?access_token=${await service.token(callerId)}`;

  it('gets no stream', async () => {
    const call = await storeCall(service.database);
    const url = await streamOf(call);
    const before = heldByDraining();
    const lock = new Client({ connectionString: service.config.databaseUrl });
    await lock.connect();
    await lock.query('begin; lock table call_records in access exclusive mode');
    const requests = Array.from({ length: CLIENTS }, () => send(url, NOT_CACHED));
    await waitFor('all to wait for the table', async () => {
      const { rows } = await lock.query<{ waiting: number }>(
        `select count(*)::int as waiting from pg_locks where relation = 'call_records'::regclass and not granted`,
      );
      return rows[0]?.waiting === CLIENTS;
    });

    await disconnect(requests);
    await lock.query('commit');
    await lock.end();
    // Sent after them. When it has begun, they have been handled.
    const later = await openStream(url, NOT_CACHED);
    await waitFor('the state', () => later.events.length === 1);

    expect(listeners()).toBe(1);
    expect(heldByDraining()).toBe(before + 1);
    later.close();
    await waitFor('the end of the last one', () => listeners() === 0 && heldByDraining() === before);
  });

  it('leaves no listener of streams and long polls that it pipelined on one connection', async () => {
    const { callSid, callerId } = await storeCall(service.database);
    const path = `/v1/app/callState/${callSid}`;
    const token = await service.token(callerId);
    const requests = [`${path}/stream?`, `${path}?after=4&wait=60&`, `${path}/stream?`].map(
      (url) => `GET ${url}access_token=${token} HTTP/1.1\r\nhost: x\r\n\r\n`,
    );
    const before = heldByDraining();
    for (const first of requests.keys()) {
      const socket = connect(Number(new URL(service.url).port), '127.0.0.1').on('error', () => undefined);
      socket.write([...requests.slice(first), ...requests.slice(0, first)].join(''));
      await waitFor('the first to wait', () => listeners() > 0);

      socket.destroy();
      await waitFor('all to be disconnected', async () => (await connections()) === 0);
      await waitFor('the end of all', () => listeners() === 0 && heldByDraining() === before);
    }
    // A connection counts its request as done one event loop turn after its response has closed.
    await waitFor('nothing in flight', () => service.app.nest.get(Draining).isIdle);
  });

  it('leaves no listener of a long poll; neither does a poll that times out or returns a change', async () => {
    const call = await storeCall(service.database);
    const url = `${service.url}/v1/app/callState/${call.callSid}?access_token=${await service.token(call.callerId)}`;
    const control = new AbortController();
    AbortSignal.any([control.signal]);
    // If this fails, Node keeps dependent signals elsewhere, and the counts below prove nothing.
    expect(heldBy(control.signal)).toBe(1);
    const before = heldByDraining();

    for (let polls = 0; polls < 20; polls++) await ask(`${url}&after=4&wait=0`);
    const left = Array.from({ length: CLIENTS }, () => send(`${url}&after=4&wait=60`));
    await waitFor('all to wait', () => listeners() === CLIENTS);
    for (const request of left) request.destroy();
    await waitFor('the end of the disconnected polls', () => listeners() === 0);
    const answered = Array.from({ length: CLIENTS }, () => ask(`${url}&after=1&wait=60`));
    await waitFor('all to wait', () => listeners() === CLIENTS);
    await applyEvent(service.database, call.callSid, { type: 'ringing' });
    await Promise.all(answered);

    expect(listeners()).toBe(0);
    expect(heldByDraining()).toBe(before);
  });
});

describe('a client that disconnects during the token check', () => {
  let privateKey: CryptoKey;
  let keys: Server;
  let key: JWK;
  const keyRequests: ServerResponse[] = [];

  beforeAll(async () => {
    const pair = await generateKeyPair('RS256', { extractable: true });
    privateKey = pair.privateKey;
    key = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
    keys = createServer((_request, response) => keyRequests.push(response)).listen(0, '127.0.0.1');
    await once(keys, 'listening');
    const { port } = keys.address() as AddressInfo;
    service = await startTestApp({
      environment: { JWT_JWKS_URI: `http://127.0.0.1:${port}/`, JWT_AUDIENCE: 'ringback' },
    });
  });
  afterAll(async () => {
    await service.close();
    keys.closeAllConnections();
    keys.close();
  });

  it('gets neither a stream nor a long poll', async () => {
    const { callSid, callerId } = await storeCall(service.database);
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .setSubject(callerId)
      .setAudience('ringback')
      .setExpirationTime('5m')
      .sign(privateKey);
    const path = `${service.url}/v1/app/callState/${callSid}`;
    const before = heldByDraining();
    const requests = [
      send(`${path}/stream?access_token=${token}`),
      send(`${path}?after=4&wait=60&access_token=${token}`),
    ];
    await waitFor('the keys to be requested', async () => keyRequests.length > 0 && (await connections()) === 2);

    await disconnect(requests);
    for (const response of keyRequests) response.end(JSON.stringify({ keys: [key] }));
    const later = await openStream(`${path}/stream?access_token=${token}`);
    await waitFor('the state', () => later.events.length === 1);

    expect(listeners()).toBe(1);
    expect(heldByDraining()).toBe(before + 1);
    later.close();
    await waitFor('the end of the last one', () => listeners() === 0);
  });
});
