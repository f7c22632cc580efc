import ipaddr from 'ipaddr.js';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { addressFault } from '../../src/delivery/address-rules.js';
import { NameResolver } from '../../src/delivery/name-resolver.js';
import { startCertificateDemand } from '../support/certificate-demand.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { openTestCall } from '../support/test-call.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { registerEndpoint, retryNow } from '../support/webhook-endpoint.js';

describe('an address', () => {
  const fault = (address: string, allowed: readonly string[] = [], onlyAllowed = false): string | null =>
    addressFault(
      address,
      allowed.map((range) => ipaddr.parseCIDR(range)),
      { onlyAllowed },
    );

  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['169.254.169.254', 'linkLocal'],
    ['100.64.0.1', 'carrierGradeNat'],
    ['192.0.0.8', 'reserved'],
    ['192.0.2.1', 'reserved'],
    ['198.18.0.1', 'reserved'],
    ['203.0.113.1', 'reserved'],
    ['224.0.0.1', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::127.0.0.1', 'loopback'],
    ['::7f00:1', 'unassigned'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::ffff:10.0.0.1', 'private'],
    ['::ffff:0:127.0.0.1', 'rfc6145'],
    ['64:ff9b::7f00:1', 'rfc6052'],
    ['64:ff9b:1::1', 'rfc6052'],
    ['2002:7f00:1::', '6to4'],
    ['2001::1', 'teredo'],
    ['2001:db8::1', 'reserved'],
    ['fe80::1', 'linkLocal'],
    ['fe80::1%eth0', 'linkLocal'],
    ['fec0::1', 'deprecatedSiteLocal'],
    ['fc00::1', 'uniqueLocal'],
    ['fd12:3456:789a::1', 'uniqueLocal'],
    ['ff02::1', 'multicast'],
    ['4000::1', 'unassigned'],
    // Metadata services of clouds: Azure, Alibaba Cloud, Tencent Cloud, Oracle, and AWS and Google by IPv6.
    ['168.63.129.16', 'cloudPlatform'],
    ['::ffff:168.63.129.16', 'cloudPlatform'],
    ['100.100.100.200', 'carrierGradeNat'],
    ['169.254.0.23', 'linkLocal'],
    ['192.0.0.192', 'reserved'],
    ['fd00:ec2::254', 'uniqueLocal'],
    ['fd20:ce::254', 'uniqueLocal'],
    ['64:ff9b::a83f:8110', 'rfc6052'],
  ])('%s is refused (%s)', (address, kind) => {
    expect(fault(address)).toBe(`${address} is not a public address (${kind})`);
  });

  it.each([
    '8.8.8.8',
    '168.63.129.15',
    '168.63.129.17',
    '93.184.215.14',
    '172.32.0.1',
    '100.63.255.255',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
  ])('%s is public', (address) => {
    expect(fault(address)).toBeNull();
    expect(fault(address, [], true)).toBe(`${address} is a public address, for which http is not safe`);
  });

  it('in a range that the operator allows is accepted, and its neighbours are not', () => {
    const allowed = ['10.1.0.0/16', 'fd00::/8', '168.63.129.16/32'];

    expect(fault('168.63.129.16', allowed, true)).toBeNull();
    expect(fault('10.1.2.3', allowed, true)).toBeNull();
    expect(fault('::ffff:10.1.2.3', allowed)).toBeNull();
    expect(fault('fd00::5', allowed)).toBeNull();
    expect(fault('10.2.0.1', allowed)).not.toBeNull();
    expect(fault('fc00::5', allowed)).not.toBeNull();
  });
});

describe('an endpoint', () => {
  let service: TestApp;
  let receiver: WebhookReceiver;
  let names: Record<string, readonly string[]>;

  beforeAll(async () => {
    service = await startTestApp({ environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.1/32' } });
    Object.assign(service.app.nest.get(NameResolver), {
      addressesOf: async (name: string) => {
        if (!names[name]) throw new Error(`ENOTFOUND ${name}`);
        return names[name];
      },
    });
  });
  afterAll(() => service.close());

  beforeEach(async () => {
    names = { 'backend.test': ['127.0.0.1'] };
    await service.database.query('delete from webhook_endpoint');
    receiver = await startWebhookReceiver();
  });
  afterEach(() => receiver.close());

  const portOf = (url: string): string => new URL(url).port;

  const errorsOf = async (callSid: string): Promise<(string | null)[]> =>
    (
      await service.database.query<{ error: string | null }[]>(
        'select error from webhook_attempts where call_sid = $1 and duration_ms is not null order by id',
        [callSid],
      )
    ).map(({ error }) => error);

  const firstError = (callSid: string): Promise<string> =>
    waitFor('an attempt', async () => (await errorsOf(callSid))[0]);

  it('is connected at the address that its name resolves to at the attempt, if that is allowed', async () => {
    await registerEndpoint(service, { url: `http://backend.test:${portOf(receiver.url)}/hook` });
    names = { 'backend.test': ['127.0.0.2'] };
    const callSid = await openTestCall(service);

    expect(await firstError(callSid)).toBe('127.0.0.2 is not a public address (loopback)');
    expect(receiver.received).toEqual([]);

    names = { 'backend.test': ['127.0.0.1'] };
    await waitFor('the delivery', async () => {
      await retryNow(service.database);
      return receiver.accepted(callSid).length === 1;
    });
    expect(receiver.received[0]?.headers.host).toBe(`backend.test:${portOf(receiver.url)}`);
  });

  it.each([
    ['an allowed and a forbidden address', ['127.0.0.1', '169.254.169.254'], /^169\.254\.169\.254 is not a public/],
    ['no address', [], /./],
  ])('is not connected when its name now resolves to %s', async (_, addresses, error) => {
    await registerEndpoint(service, { url: `http://backend.test:${portOf(receiver.url)}/hook` });
    names = { 'backend.test': addresses };

    const callSid = await openTestCall(service);

    expect(await firstError(callSid)).toMatch(error);
    expect(receiver.received).toEqual([]);
  });

  it('cannot redirect a delivery', async () => {
    const inside = await startWebhookReceiver();
    receiver.replyWith(() => ({ status: 307, headers: { location: inside.url }, body: 'over there' }));
    await registerEndpoint(service, { url: receiver.url });

    const callSid = await openTestCall(service);

    expect(await firstError(callSid)).toBe('It answered 307; redirects are not followed.');
    expect(inside.received).toEqual([]);
    await inside.close();
  });

  it('receives its name in the TLS handshake', async () => {
    const server = await startCertificateDemand();
    await registerEndpoint(service, { url: `https://backend.test:${server.port}/hook` });

    const callSid = await openTestCall(service);

    expect(await firstError(callSid)).not.toBeNull();
    expect(server.requested[0]).toBe('backend.test');
    server.close();
  });

  describe('with a malformed answer', () => {
    let server: Server;
    const answering = async (answer: string, end: boolean): Promise<string> => {
      server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => {
          socket.write(answer);
          if (end) socket.end();
        });
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    };
    afterEach(() => server.close());

    it.each([
      ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', /Parse Error|Expected HTTP/],
      ['nothing', '', /other side closed|socket/i],
    ])('of %s fails the attempt', async (_, answer, error) => {
      await registerEndpoint(service, { url: await answering(answer, true) });

      expect(await firstError(await openTestCall(service))).toMatch(error);
    });

    it('whose body breaks off counts by its status', async () => {
      const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nas far as \0 here';
      await registerEndpoint(service, { url: await answering(answer, true) });

      const callSid = await openTestCall(service);

      await waitFor('an attempt', async () => (await errorsOf(callSid)).length > 0);
      expect(
        await service.database.query('select status, error, response from webhook_attempts order by id desc limit 1'),
      ).toEqual([{ status: 200, error: null, response: 'as far as  here' }]);
    });

    it('whose body is too long is stored up to a limit', async () => {
      const answer = `HTTP/1.1 500 Oops\r\nconnection: close\r\n\r\n${'ü'.repeat(3_000)}`;
      await registerEndpoint(service, { url: await answering(answer, false) });

      const callSid = await openTestCall(service);

      expect(await firstError(callSid)).toBe('It answered 500.');
      expect(await service.database.query('select response from webhook_attempts order by id desc limit 1')).toEqual([
        { response: 'ü'.repeat(500) },
      ]);
    });
  });
});
