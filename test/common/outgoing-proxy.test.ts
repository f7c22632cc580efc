/** With HTTPS_PROXY and HTTP_PROXY, every outgoing request uses the proxy, and names are not resolved locally. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { NameResolver } from '../../src/delivery/name-resolver.js';
import { ProviderRegistry } from '../../src/telephony/provider-registry.js';
import { HttpCarrierClient } from '../../src/telephony/simulator/http-carrier-client.js';
import { proxyRules } from '../../src/common/proxy-rules.js';
import { startCertificateDemand } from '../support/certificate-demand.js';
import { collectedLog } from '../support/collected-log.js';
import { startHttpProxy, type HttpProxy } from '../support/http-proxy.js';
import { AUDIENCE, IdentityProvider, ISSUER, makeKey, signBy } from '../support/identity-provider.js';
import { startRemoteCarrier } from '../support/remote-carrier.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { openTestCall } from '../support/test-call.js';
import { ACCOUNTS, CALLER_NUMBER, MAIN } from '../support/twilio-call.js';
import { startTwilioServer, type TwilioServer } from '../support/twilio-server.js';
import { waitFor } from '../support/wait-for.js';
import { startYuntongxunServer, type YuntongxunServer } from '../support/yuntongxun-server.js';

let proxy: HttpProxy;
let identity: IdentityProvider;
let twilio: TwilioServer;
let yuntongxun: YuntongxunServer;
let pbx: WebSocketServer;
/** So far. It accepts no other request, so the service closes each of them soon, and the next one comes ever later. */
let eventSockets = 0;
let service: TestApp;
const log = collectedLog();

const portIn = (url: string): string => new URL(url).port;
const pbxPort = (): number => (pbx.address() as AddressInfo).port;

beforeAll(async () => {
  proxy = await startHttpProxy();
  identity = new IdentityProvider();
  identity.keys = [await makeKey('ES256', 'one')];
  twilio = await startTwilioServer({
    accounts: ACCOUNTS,
    callerNumbers: [CALLER_NUMBER],
    speed: 20,
    reach: (url) => url,
  });
  yuntongxun = await startYuntongxunServer({ speed: 20 });
  pbx = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  pbx.on('connection', () => eventSockets++);
  await once(pbx, 'listening');
  service = await startTestApp({
    environment: {
      HTTP_PROXY: proxy.url,
      HTTPS_PROXY: proxy.url,
      NO_PROXY: 'elsewhere.test',
      LOG_LEVEL: 'trace',
      PUBLIC_URL: 'https://calls.example.com',
      JWT_JWKS_URI: `http://identity.test:${portIn(await identity.listen())}/jwks.json`,
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      ASTERISK_URL: `http://pbx.test:${pbxPort()}`,
      ASTERISK_PASSWORD: 'a password of the pbx',
      TWILIO_URL: `http://api.twilio.test:${portIn(twilio.url)}`,
      TWILIO_ACCOUNT_SID: MAIN.externalId,
      TWILIO_AUTH_TOKEN: MAIN.secret,
      TWILIO_CALLER_NUMBER: CALLER_NUMBER,
      YUNTONGXUN_URL: `http://app.cloopen.test:${portIn(yuntongxun.url)}`,
      YUNTONGXUN_ACCOUNT_SID: yuntongxun.accountSid,
      YUNTONGXUN_AUTH_TOKEN: yuntongxun.authToken,
      YUNTONGXUN_APP_ID: yuntongxun.appId,
      YUNTONGXUN_WEBHOOK_TOKEN: 'a'.repeat(22),
      WEBHOOK_ALLOWED_RANGES: '127.0.0.1/32',
    },
    logTo: log.stream,
  });
});
afterEach(() => {
  proxy.refuseWith = null;
});
afterAll(async () => {
  await service.close();
  for (const client of pbx.clients) client.terminate();
  pbx.close();
  await Promise.all([identity.close(), twilio.close(), yuntongxun.close(), proxy.close()]);
});

const isReachable = (name: string) => service.app.nest.get(ProviderRegistry).named(name)!.isReachable();

describe('a proxy', () => {
  it.each(['twilio', 'yuntongxun'])('is used for %s', async (name) => {
    const host = { twilio: 'api.twilio.test', yuntongxun: 'app.cloopen.test' }[name]!;

    expect(await isReachable(name)).toBe(true);

    expect(proxy.requested.some((target) => target.startsWith(`${host}:`))).toBe(true);
  });

  it('is used for Asterisk, for requests and for its events', async () => {
    await waitFor('a socket of events', () => eventSockets > 0);

    expect(proxy.requested).toContain(`pbx.test:${pbxPort()}`);
  });

  it('is used for the identity provider’s keys', async () => {
    const token = await signBy(identity.keys[0]!);

    const { status } = await fetch(`${service.url}/v1/app/callState/${'3'.repeat(32)}?access_token=${token}`);

    expect(status).toBe(200);
    expect(proxy.requested.some((target) => target.startsWith('identity.test:'))).toBe(true);
  });

  it('is used for a simulator in another process', async () => {
    const carrier = await startRemoteCarrier({ speed: 1, targets: [] });
    const proxyFor = proxyRules({ httpsProxy: undefined, httpProxy: new URL(proxy.url), noProxy: '' });
    const client = new HttpCarrierClient(`http://simulator.test:${carrier.port}`, { proxyFor });

    await client.checkReachable();

    expect(proxy.requested).toContain(`simulator.test:${carrier.port}`);
    await client.close();
    await carrier.close();
  });

  it('that refuses makes a provider unreachable, and its status is in the reason', async () => {
    proxy.refuseWith = 407;
    const client = new HttpCarrierClient('http://simulator.test:3100', {
      proxyFor: proxyRules({ httpsProxy: undefined, httpProxy: new URL(proxy.url), noProxy: '' }),
    });

    await expect(client.checkReachable()).rejects.toThrow('the simulator cannot be reached (PROXY-407)');
    await client.close();
  });

  it('does not have its password in the log', () => {
    expect(log.text()).not.toMatch(/p@ss|p%40ss/);
    expect(log.text()).not.toContain('proxy-authorization');
  });
});

describe('a webhook to your backend', () => {
  let names: Record<string, readonly string[]>;
  beforeAll(() => {
    Object.assign(service.app.nest.get(NameResolver), { addressesOf: async (name: string) => names[name] ?? [] });
  });

  const errorsOf = (callSid: string): Promise<{ error: string | null }[]> =>
    service.database.query('select error from webhook_attempts where call_sid = $1 and duration_ms is not null', [
      callSid,
    ]);
  const register = async (url: string): Promise<void> => {
    await service.database.query('delete from webhook_endpoint');
    await service.database.query(`insert into webhook_endpoint (url, secret) values ($1, $2)`, [
      url,
      `whsec_${Buffer.alloc(24, 'w').toString('base64')}`,
    ]);
  };

  it('is sent through the proxy to a checked address, and requests the certificate of its name', async () => {
    const server = await startCertificateDemand();
    const { port } = server;
    names = { 'backend.test': ['127.0.0.1'] };
    await register(`https://backend.test:${port}/hook`);

    const callSid = await openTestCall(service);

    await waitFor('an attempt', async () => (await errorsOf(callSid)).length > 0);
    expect(proxy.requested).toContain(`127.0.0.1:${port}`);
    expect(server.requested[0]).toBe('backend.test');
    server.close();
  });

  it('is not sent through the proxy to a forbidden address', async () => {
    const before = proxy.requested.length;
    names = { 'backend.test': ['169.254.169.254'] };
    await register('https://backend.test/hook');

    const callSid = await openTestCall(service);

    await waitFor('an attempt', async () => (await errorsOf(callSid)).length > 0);
    expect(await errorsOf(callSid)).toEqual([{ error: '169.254.169.254 is not a public address (linkLocal)' }]);
    expect(proxy.requested.slice(before).filter((target) => !/^(?:pbx|identity)\.test/.test(target))).toEqual([]);
  });

  it('fails with the reason when the proxy refuses', async () => {
    names = { 'backend.test': ['127.0.0.1'] };
    await register('https://backend.test/hook');
    proxy.refuseWith = 403;

    const callSid = await openTestCall(service);

    await waitFor('an attempt', async () => (await errorsOf(callSid)).length > 0);
    expect(await errorsOf(callSid)).toEqual([{ error: 'the proxy answered CONNECT with 403' }]);
  });
});
