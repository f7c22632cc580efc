/**
 * A server with the part of Asterisk's REST interface that Ringback uses. Each call is answered and ended at once, and its events
 * are told to every socket. It has no phones and takes little processor time, so that a bench can have many calls a second.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

export interface ToldAsterisk {
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** After the order, in milliseconds. */
const [A_RINGS, A_ANSWERS, B_RINGS, B_ANSWERS, ENDS] = [5, 15, 25, 75, 375] as const;

export const startToldAsterisk = async (): Promise<ToldAsterisk> => {
  const sockets = new WebSocketServer({ noServer: true });
  const tell = (event: object): void => {
    const text = JSON.stringify({ timestamp: new Date().toISOString(), ...event });
    for (const socket of sockets.clients) socket.send(text);
  };
  const tellOf = (eventname: string, call: string, more: object): void => {
    tell({ type: 'ChannelUserevent', userevent: { eventname, call, ...more } });
  };
  const carry = (call: string): void => {
    const begin = Date.now();
    const at = (ms: number): string => new Date(begin + ms).toISOString();
    const facts = {
      ...{
        ended: at(ENDS),
        caller_answered: at(A_ANSWERS),
        dialed: at(A_ANSWERS + 1),
        ring_ms: String(B_RINGS - A_ANSWERS),
      },
      ...{ answered: at(B_ANSWERS), state: 'Up', status: 'ANSWER', cause_a: '16', cause_b: '16', fate: 'answered' },
    };
    const story = Object.entries(facts).map(([name, value]) => `${name}=${value}`);
    setTimeout(tell, A_RINGS, { type: 'Dial', dialstatus: 'RINGING', peer: { id: `${call}-a` } });
    setTimeout(tellOf, A_ANSWERS, 'RingbackCallerAnswered', call, { at: at(A_ANSWERS) });
    setTimeout(tell, B_RINGS, { type: 'Dial', dialstatus: 'RINGING', caller: { id: `${call}-a` } });
    setTimeout(tellOf, B_ANSWERS, 'RingbackAnswered', call, { at: at(B_ANSWERS) });
    setTimeout(tellOf, ENDS, 'RingbackEnded', call, { story: story.join('&') });
  };
  const server = createServer((request, response) => {
    const call = /^\/ari\/channels\/(\d{32})-a\?/.exec(request.url ?? '')?.[1];
    request.resume().on('end', () => {
      if (call !== undefined && request.method === 'POST') carry(call);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    environment: { ASTERISK_URL: `http://127.0.0.1:${port}`, ASTERISK_PASSWORD: 'none needed' },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
