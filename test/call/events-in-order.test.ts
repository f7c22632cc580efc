/**
 * A provider's stream carries events of many calls, faster than a replica can store them. Each call's events are stored in
 * the order of the stream, so that no client sees a call answered before it rings.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { WebSocketServer, type WebSocket } from 'ws';
import { processMetrics } from '../../src/common/metrics.js';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

/** A few hundred events are in flight at a time; a replica stores five concurrently. */
const CALLS = 50;
const BEGIN = Date.UTC(2026, 10, 28);

let ari: Server;
let sockets: WebSocketServer;
let socket: WebSocket;
let service: TestApp;

beforeAll(async () => {
  ari = createServer((request, response) => {
    request.resume().once('end', () => response.end('{}'));
  });
  sockets = new WebSocketServer({ server: ari });
  const connected = once(sockets, 'connection') as Promise<[WebSocket]>;
  await once(ari.listen(0, '127.0.0.1'), 'listening');
  const { port } = ari.address() as AddressInfo;
  service = await startTestApp({
    environment: { ASTERISK_URL: `http://127.0.0.1:${port}`, ASTERISK_PASSWORD: 'only the tests know it' },
  });
  [socket] = await connected;
});
afterAll(async () => {
  await service.close();
  for (const client of sockets.clients) client.terminate();
  sockets.close();
  ari.closeAllConnections();
  ari.close();
});

/** What the metrics say. */
const lastEvent = async (): Promise<number | undefined> => {
  const { values } = await processMetrics.getSingleMetric('ringback_provider_last_event_timestamp_seconds')!.get();
  return values.find(({ labels }) => labels.provider === 'asterisk')?.value;
};

const at = (second: number): string => new Date(BEGIN + second * 1000).toISOString();
const userEvent = (eventname: string, call: string, more: Readonly<Record<string, string>>) =>
  JSON.stringify({ type: 'ChannelUserevent', userevent: { eventname, call, ...more } });

/** The events that Asterisk sends for a call, from the caller's answer to the end. */
const storyOf = (callSid: string): readonly string[] => [
  userEvent('RingbackCallerAnswered', callSid, { at: at(1) }),
  JSON.stringify({ type: 'Dial', timestamp: at(2), dialstatus: 'RINGING', caller: { id: `${callSid}-a` } }),
  userEvent('RingbackAnswered', callSid, { at: at(3) }),
  userEvent('RingbackEnded', callSid, { story: `ended=${at(4)}&caller_answered=${at(1)}&answered=${at(3)}` }),
];

/** Which call the next event belongs to; each call occurs once for each of its events. */
const interleaving = (calls: number, events: number): fc.Arbitrary<readonly number[]> =>
  fc.oneof(
    // One call after the other: each call's events are neighbours.
    fc.constant(Array.from({ length: calls * events }, (_, index) => Math.floor(index / events))),
    fc.shuffledSubarray(
      Array.from({ length: calls * events }, (_, index) => index % calls),
      { minLength: calls * events },
    ),
  );

const ORDERED = ['call.requested', 'call.ringing', 'call.answered', 'call.over'];

it('each call’s events are stored in their order, also when events of other calls come between them', async () => {
  await fc.assert(
    fc.asyncProperty(interleaving(CALLS, 4), async (callOfEach) => {
      const callSids = await Promise.all(
        Array.from(
          { length: CALLS },
          async () => (await storeCall(service.database, { provider: 'asterisk' })).callSid,
        ),
      );
      const toSend = callSids.map((callSid) => [...storyOf(callSid)]);

      const begin = Date.now() / 1_000;
      for (const call of callOfEach) socket.send(toSend[call]!.shift()!);

      await waitFor('the end of all calls', async () => {
        const [open] = await service.database.query<[{ count: number }]>(
          'select count(*)::int as count from call_records where state < 4',
        );
        return open.count === 0;
      });
      const changes = await service.database.query<{ types: string[] }[]>(
        `select array_agg(change::json ->> 'type' order by change_number) as types from call_events
         where call_sid = any($1) and change is not null group by call_sid`,
        [callSids],
      );
      expect(changes.map(({ types }) => types)).toEqual(callSids.map(() => ORDERED));
      expect(await lastEvent()).toBeGreaterThanOrEqual(begin);
    }),
    { numRuns: 3, endOnFailure: true },
  );
});
