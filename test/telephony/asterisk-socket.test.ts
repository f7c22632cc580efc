/** The event socket against a server that misbehaves, as Asterisk or another program at its address might. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { EventSocket, type AriEvent } from '../../src/telephony/asterisk/event-socket.js';
import { waitFor } from '../support/wait-for.js';

let server: WebSocketServer;
let events: AriEvent[];
let opened: number;
let lost: string[];
let socket: EventSocket;

beforeEach(async () => {
  // It accepts every connection and frame, and answers no ping.
  server = new WebSocketServer({ host: '127.0.0.1', port: 0, autoPong: false });
  await once(server, 'listening');
  [events, opened, lost] = [[], 0, []];
  const { port } = server.address() as AddressInfo;
  socket = new EventSocket(`ws://127.0.0.1:${port}/ari/events`, 'Basic nobody', {
    prepare: async () => undefined,
    onOpen: () => opened++,
    onEvent: (event) => events.push(event),
    onLost: ({ message }) => lost.push(message),
  });
});
afterEach(async () => {
  socket.close();
  for (const client of server.clients) client.terminate();
  server.close();
  await once(server, 'close');
});

const connected = async (): Promise<WebSocket> => {
  const connection = once(server, 'connection');
  void socket.open();
  const [other] = (await connection) as [WebSocket];
  await waitFor('the socket', () => socket.isOpen);
  return other;
};
const openedAgain = () => waitFor('the socket to be opened again', () => opened === 2 && socket.isOpen);

it('passes on a received event', async () => {
  (await connected()).send('{"type":"Dial","dialstatus":"RINGING"}');

  await waitFor('the event', () => events.length === 1);

  expect(events).toEqual([{ type: 'Dial', dialstatus: 'RINGING' }]);
});

it.each(['rubbish', 'null', '{"type":"ApplicationReplaced"}'])('reopens the socket after %s', async (text) => {
  (await connected()).send(text);

  await openedAgain();

  expect(events).toEqual([]);
  expect(lost).toHaveLength(1);
});

it('reopens the socket when Asterisk has closed it', async () => {
  (await connected()).close();

  await openedAgain();
});

it('reopens the socket when a ping is not answered', async () => {
  await connected();

  await openedAgain();

  expect(lost).toHaveLength(1);
});

it('does not reopen a socket that we have closed', async () => {
  const other = await connected();

  socket.close();
  await once(other, 'close');

  expect([opened, lost, socket.isOpen]).toEqual([1, [], false]);
});
