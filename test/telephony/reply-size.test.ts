/** A provider's client reads a bounded number of bytes of a reply that never ends. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TelephonyProvider } from '../../src/telephony/telephony-provider.js';
import { AriClient } from '../../src/telephony/asterisk/ari-client.js';
import { HttpCarrierClient } from '../../src/telephony/simulator/http-carrier-client.js';
import { twilioProvider } from '../support/twilio-call.js';
import { waitFor } from '../support/wait-for.js';
import { providerFor } from '../support/yuntongxun-provider.js';

const MB = 1024 * 1024;
/** Long enough for the endless reply to exceed every limit here. */
const MAX_WAIT_MS = 25_000;

let server: Server;
let url: string;
let sent: number;
let isClosed: boolean;

beforeAll(async () => {
  server = createServer((_request, response) => {
    response.on('close', () => (isClosed = true));
    const chunk = Buffer.alloc(64 * 1024, ' ');
    const send = (): void => {
      do sent += chunk.length;
      while (response.write(chunk) && !response.destroyed);
    };
    response.on('drain', send);
    send();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  sent = 0;
  isClosed = false;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

type Client = Pick<TelephonyProvider, 'fetchStatus' | 'close'>;

/** Bytes that the socket buffers of both sides hold, in addition to what was read. */
const SOCKET_BUFFERS = 12 * MB;

it.each<[string, number, () => Client]>([
  ['Twilio', MB, () => twilioProvider({ apiUrl: url, replyLimitMs: MAX_WAIT_MS })],
  [
    'Yuntongxun',
    MB,
    () => providerFor({ url, accountSid: 'a1', authToken: 'secret', appId: 'app' }, { replyLimitMs: MAX_WAIT_MS }),
  ],
  ['the simulator', 33 * MB, () => new HttpCarrierClient(url, { replyLimitMs: MAX_WAIT_MS })],
  [
    'Asterisk',
    MB,
    () => {
      const ari = new AriClient({ url, username: 'ringback', password: 'secret' });
      const signal = AbortSignal.timeout(MAX_WAIT_MS);
      return {
        fetchStatus: async () => {
          await ari.send('GET', '/asterisk/ping', { signal });
          return { kind: 'unknown' };
        },
        close: () => ari.close(),
      };
    },
  ],
])('the client of %s stops reading an endless reply', async (_, bound, open) => {
  const provider = open();
  const call = { callSid: '1'.repeat(32), providerCallId: `AC${'0'.repeat(32)}/CA${'0'.repeat(32)}` };

  await expect(provider.fetchStatus(call)).rejects.toThrow();

  await waitFor('the connection to be closed', () => isClosed);
  expect(sent).toBeLessThan(bound + SOCKET_BUFFERS);
  await provider.close?.();
});
