/** A client that leaves while its request still waits, for its token to be checked or for the database: nothing of it stays. */
import { getEventListeners, once } from 'node:events';
import { createServer, get, type ClientRequest, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { Client } from 'pg';
import { ChangeFeed } from '../../src/call/updates/change-feed.js';
import { Draining } from '../../src/common/draining.js';
import { openStream } from '../support/event-stream.js';
import { storeCall, tellOf, type StoredCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const CLIENTS = 3;

let service: TestApp;

const listeners = (): number => service.app.nest.get(ChangeFeed).listeners;
/** Of the signal that lives as long as the process. */
const heldByDraining = (): number => heldBy(service.app.nest.get(Draining).signal);

/** Listeners, and signals made of this one by AbortSignal.any, which Node keeps in a set of its own. */
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

const leave = async (requests: readonly ClientRequest[]): Promise<void> => {
  for (const request of requests) request.destroy();
  await waitFor('all to have left', async () => (await connections()) === 0);
};

const send = (url: string, headers: Record<string, string> = {}): ClientRequest =>
  get(url, { headers, agent: false }).on('error', () => undefined);

/** A number that the replica has not heard of: it asks the database. */
const UNHEARD_OF = { 'last-event-id': '99' };

describe('while the database is asked', () => {
  beforeAll(async () => {
    service = await startTestApp();
  });
  afterAll(() => service.close());

  const streamOf = async ({ callSid, callerId }: StoredCall): Promise<string> =>
    `${service.url}/v1/app/callState/${callSid}/stream?access_token=${await service.token(callerId)}`;

  it('a stream that its client has left is not begun', async () => {
    const call = await storeCall(service.database);
    const url = await streamOf(call);
    const before = heldByDraining();
    const lock = new Client({ connectionString: service.config.databaseUrl });
    await lock.connect();
    await lock.query('begin; lock table call_record in access exclusive mode');
    const requests = Array.from({ length: CLIENTS }, () => send(url, UNHEARD_OF));
    await waitFor('all to wait for the table', async () => {
      const { rows } = await lock.query<{ waiting: number }>(
        `select count(*)::int as waiting from pg_locks where relation = 'call_record'::regclass and not granted`,
      );
      return rows[0]?.waiting === CLIENTS;
    });

    await leave(requests);
    await lock.query('commit');
    await lock.end();
    // Asked after them, so that they have been answered when it has begun.
    const later = await openStream(url, UNHEARD_OF);
    await waitFor('the state', () => later.events.length === 1);

    expect(listeners()).toBe(1);
    expect(heldByDraining()).toBe(before + 1);
    later.close();
    await waitFor('the end of the last one', () => listeners() === 0 && heldByDraining() === before);
  });

  it('nothing stays behind of streams and long polls that are pipelined on a connection which is cut', async () => {
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
      await waitFor('all to have left', async () => (await connections()) === 0);
      await waitFor('the end of all', () => listeners() === 0 && heldByDraining() === before);
    }
    // A connection counts its request as done one turn after its response has closed.
    await waitFor('nothing in flight', () => service.app.nest.get(Draining).isIdle);
  });

  it('nothing stays behind of long polls, however they end', async () => {
    const call = await storeCall(service.database);
    const url = `${service.url}/v1/app/callState/${call.callSid}?access_token=${await service.token(call.callerId)}`;
    const control = new AbortController();
    AbortSignal.any([control.signal]);
    // If this fails, Node keeps dependent signals elsewhere, and the counts below say nothing.
    expect(heldBy(control.signal)).toBe(1);
    const before = heldByDraining();

    for (let polls = 0; polls < 20; polls++) await (await fetch(`${url}&after=4&wait=0`)).text();
    const left = Array.from({ length: CLIENTS }, () => send(`${url}&after=4&wait=60`));
    await waitFor('all to wait', () => listeners() === CLIENTS);
    for (const request of left) request.destroy();
    await waitFor('the end of those that left', () => listeners() === 0);
    const told = Array.from({ length: CLIENTS }, () => fetch(`${url}&after=1&wait=60`));
    await waitFor('all to wait', () => listeners() === CLIENTS);
    await tellOf(service.database, call.callSid, { type: 'ringing' });
    await Promise.all(told);

    expect(listeners()).toBe(0);
    expect(heldByDraining()).toBe(before);
  });
});

describe('while the token is checked', () => {
  let privateKey: CryptoKey;
  let keys: Server;
  let key: JWK;
  const asked: ServerResponse[] = [];

  beforeAll(async () => {
    const pair = await generateKeyPair('RS256', { extractable: true });
    privateKey = pair.privateKey;
    key = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
    keys = createServer((_request, response) => asked.push(response)).listen(0, '127.0.0.1');
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

  it('neither a stream nor a long poll is begun for a client that has left', async () => {
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
    await waitFor('the keys to be asked for', async () => asked.length > 0 && (await connections()) === 2);

    await leave(requests);
    for (const response of asked) response.end(JSON.stringify({ keys: [key] }));
    const later = await openStream(`${path}/stream?access_token=${token}`);
    await waitFor('the state', () => later.events.length === 1);

    expect(listeners()).toBe(1);
    expect(heldByDraining()).toBe(before + 1);
    later.close();
    await waitFor('the end of the last one', () => listeners() === 0);
  });
});
