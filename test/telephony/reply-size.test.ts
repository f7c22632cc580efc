/** A reply that never ends costs a provider's client a bounded number of bytes. */
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
/** Longer than the endless reply would need to pass any bound here. */
const PATIENCE_MS = 25_000;

let server: Server;
let url: string;
let sent: number;
let isOver: boolean;

beforeAll(async () => {
  server = createServer((_request, response) => {
    response.on('close', () => (isOver = true));
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
  isOver = false;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

type Asker = Pick<TelephonyProvider, 'fetchStatus' | 'close'>;

/** What the sockets of both sides hold beside what was read. */
const IN_BETWEEN = 12 * MB;

it.each<[string, number, () => Asker]>([
  ['Twilio', MB, () => twilioProvider({ apiUrl: url, replyLimitMs: PATIENCE_MS })],
  [
    'Yuntongxun',
    MB,
    () => providerFor({ url, accountSid: 'a1', authToken: 'secret', appId: 'app' }, { replyLimitMs: PATIENCE_MS }),
  ],
  ['the simulator', 33 * MB, () => new HttpCarrierClient(url, { replyLimitMs: PATIENCE_MS })],
  [
    'Asterisk',
    MB,
    () => {
      const ari = new AriClient({ url, username: 'ringback', password: 'secret' });
      const signal = AbortSignal.timeout(PATIENCE_MS);
      return {
        fetchStatus: async () => {
          await ari.send('GET', '/asterisk/ping', { signal });
          return { kind: 'unknown' };
        },
        close: () => ari.close(),
      };
    },
  ],
])('of %s', async (_, bound, open) => {
  const provider = open();
  const call = { callSid: '1'.repeat(32), providerCallId: `AC${'0'.repeat(32)}/CA${'0'.repeat(32)}` };

  await expect(provider.fetchStatus(call)).rejects.toThrow();

  await waitFor('the connection to be closed', () => isOver);
  expect(sent).toBeLessThan(bound + IN_BETWEEN);
  await provider.close?.();
});
