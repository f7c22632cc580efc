/** Random frames on Asterisk's event socket: each yields events that can be stored, or none, and the provider keeps running. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { WebSocketServer, type WebSocket } from 'ws';
import { createLogger } from '../../src/common/logger.js';
import { AsteriskProvider } from '../../src/telephony/asterisk/asterisk.provider.js';
import type { ProviderEvent } from '../../src/telephony/telephony-provider.js';
import { CALL_SID, expectStorableEvents, foreignJson, foreignText } from '../support/foreign-values.js';
import { waitFor } from '../support/wait-for.js';

let server: Server;
let sockets: WebSocketServer;
let provider: AsteriskProvider;
let current: WebSocket | undefined;
let events: ProviderEvent[];
let faults: unknown[];
const onFault = (fault: unknown) => faults.push(fault);

beforeAll(async () => {
  [events, faults] = [[], []];
  process.on('unhandledRejection', onFault);
  process.on('uncaughtException', onFault);
  server = createServer((request, response) => {
    request.resume().once('end', () => response.end('{}'));
  });
  sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => (current = socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  provider = new AsteriskProvider(
    {
      ...{ url: `http://127.0.0.1:${port}`, username: 'ringback', password: 'secret', dialRules: [] },
      ...{ ringCallerSeconds: 30, ringCalleeSeconds: 30, longestTalkSeconds: 60, record: false, dialTimeoutSeconds: 5 },
      ...{ shownToCaller: [''], shownToCallee: [''] },
    },
    createLogger('silent'),
  );
  await provider.listen({ onEvent: (event) => events.push(event), onListening: () => undefined });
});
afterAll(async () => {
  await provider.close();
  process.off('unhandledRejection', onFault);
  process.off('uncaughtException', onFault);
  for (const client of sockets.clients) client.terminate();
  sockets.close();
  server.closeAllConnections();
  server.close();
});

const TIME = '2026-11-25T05:15:33.000+0000';
const field = (right: string) => fc.oneof({ weight: 3, arbitrary: fc.constant(right) }, foreignText, fc.jsonValue());
const story = fc
  .array(
    fc.tuple(fc.constantFrom('ended', 'answered', 'dialed', 'ring_ms', 'recording', 'sip', 'status'), foreignText),
    {
      maxLength: 6,
    },
  )
  .map((facts) => facts.map(([name, value]) => `${name}=${value}`).join('&'));
const userevents = fc.record(
  {
    eventname: fc.constantFrom('RingbackCallerAnswered', 'RingbackAnswered', 'RingbackEnded', 'RingbackReply', 'Other'),
    call: field(CALL_SID),
    at: field(TIME),
    story: fc.oneof(story, field('ended=2026-11-25T05:15:33Z&status=BUSY')),
    recording: field('a.wav'),
    order: field('1'),
  },
  { requiredKeys: [] },
);
const userEvent = fc
  .tuple(userevents, field(TIME))
  .map(([userevent, timestamp]) => JSON.stringify({ type: 'ChannelUserevent', timestamp, userevent }));
/** Not JSON, or not an event: the provider reopens the socket after these. */
const other = foreignJson({
  type: 'Dial',
  timestamp: TIME,
  dialstatus: 'RINGING',
  caller: { id: `${CALL_SID}-a` },
  userevent: { eventname: 'RingbackEnded', call: CALL_SID },
});

/** An event that is certain to be read. When it has been read, all frames before it have been read too. */
const mark = (number: number): string => {
  const call = String(number).padStart(32, '0');
  return JSON.stringify({ type: 'Dial', timestamp: TIME, dialstatus: 'RINGING', caller: { id: `${call}-a` } });
};

const sendAndAwait = async (frames: readonly string[], number: number): Promise<void> => {
  const socket = current;
  for (const frame of [...frames, mark(number)]) socket?.send(frame);
  const isMarked = (): boolean => events.some(({ callSid }) => callSid === String(number).padStart(32, '0'));
  await waitFor('the mark, or the end of the socket', () => isMarked() || socket?.readyState === 3);
};

it('random user events, of our dialplan or another, yield only events that can be stored', async () => {
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(userEvent, { minLength: 1, maxLength: 20 }), async (frames) => {
      await sendAndAwait(frames, ++number);
    }),
    { numRuns: 60 },
  );

  expectStorableEvents(events);
  expect(events.length).toBeGreaterThan(number);
  expect(faults).toEqual([]);
});

it('random other frames yield only events that can be stored, and later events are still received', async () => {
  const frames = fc.sample(other, { numRuns: 200, seed: Date.now() % 2 ** 31 });
  // All at once: each frame that is no event costs a new socket, which takes a while to open.
  await sendAndAwait(frames, 1_000);
  await waitFor('an open socket', () => current?.readyState === 1);

  await waitFor('events to be received again', async () => {
    current?.send(mark(1_001));
    return events.some(({ callSid }) => callSid === '1001'.padStart(32, '0'));
  });
  expectStorableEvents(events);
  expect(faults).toEqual([]);
});
