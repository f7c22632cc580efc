/** HOST: the printed URLs and `npm run call` reach the service, for every kind of address. */
import { networkInterfaces } from 'node:os';
import { noteSkipped } from '../support/skipped.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { welcomePage } from '../../src/http/welcome-page.js';
import { call } from './ringing.js';

const HAS_IPV6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
if (!HAS_IPV6) noteSkipped('addresses of IPv6', 'this machine has no ::1', 'sysctl -w net.ipv6.conf.lo.disable_ipv6=0');
const IPV6 = [
  { host: '::1', shown: '[::1]' },
  { host: '::', shown: '[::1]' },
  { host: '::ffff:127.0.0.1', shown: '[::ffff:127.0.0.1]' },
];
const IPV4 = [
  { host: '127.0.0.1', shown: '127.0.0.1' },
  { host: '127.0.0.2', shown: '127.0.0.2' },
  { host: '0.0.0.0', shown: '127.0.0.1' },
];

let service: TestApp;

afterEach(() => service.close());

it.each([...IPV4, ...(HAS_IPV6 ? IPV6 : [])])(
  'a service with HOST=$host is reached at $shown',
  async ({ host, shown }) => {
    service = await startTestApp({ environment: { HOST: host, SIMULATOR_SPEED: '50' } });
    const { port } = new URL(service.url);

    const page = welcomePage(service.url, service.config, ['simulator']);
    const health = await fetch(/^ *Health +(.*)$/m.exec(page)?.[1] ?? '');
    const rung = await call(['2001'], { HOST: host, PORT: port, JWT_SECRET: TEST_SECRET });

    expect(service.url).toBe(`http://${shown}:${port}`);
    expect(health.status).toBe(200);
    expect(page).toContain(host === '127.0.0.1' || host === '0.0.0.0' ? `PORT=${port}` : `HOST=${host} PORT=${port}`);
    // The simulator's webhooks have reached the service too.
    expect(rung).toMatchObject({ code: 3, output: expect.stringMatching(/over \(busy\)\n$/) });
  },
);
