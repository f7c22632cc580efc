/** The configurations of deploy/ on a real nginx and a real Caddy, over TLS, in front of the whole service. */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { collectedLog } from '../support/collected-log.js';
import { describeWithPackages, fetchPackages } from '../support/debian-packages.js';
import { isInstalled } from '../support/node-process.js';
import { placeCall } from '../support/placed-call.js';
import {
  PROXY_PACKAGES,
  SITE,
  startReverseProxy,
  type ProxyKind,
  type ReverseProxy,
} from '../support/reverse-proxy.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

/** The client's address, which differs from the proxy's. */
const CLIENT = '127.0.0.9';
const KEEPS_TALKING = '2013';

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const KINDS: readonly ProxyKind[] = ['nginx', 'caddy'];
const missing = Object.fromEntries(
  await Promise.all(KINDS.map(async (kind) => [kind, await fetchPackages(PROXY_PACKAGES[kind])])),
) as Record<ProxyKind, string | null>;

for (const kind of KINDS) {
  if (!isInstalled('openssl', `a service behind ${kind}`)) break;
  describeWithPackages(PROXY_PACKAGES[kind], missing[kind], `a service behind ${kind}`, () => {
    const log = collectedLog();
    let service: TestApp;
    let proxy: ReverseProxy;

    beforeAll(async () => {
      service = await startTestApp({ environment: { TRUST_PROXY: '1', LOG_LEVEL: 'info' }, logTo: log.stream });
      proxy = await startReverseProxy(kind, new URL(service.url).host);
    });
    afterAll(async () => {
      await proxy.close();
      await service.close();
    });

    const open = async (path: string, options: RequestOptions = {}, body?: Buffer) => {
      const sent = request({
        host: '127.0.0.1',
        port: proxy.port,
        servername: SITE,
        ca: options.ca ?? proxy.authority,
        localAddress: CLIENT,
        agent: false,
        path,
        ...options,
        headers: { host: `${SITE}:${options.port ?? proxy.port}`, ...(options.headers as OutgoingHttpHeaders) },
      });
      sent.end(body);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return response;
    };
    const ask = async (...what: Parameters<typeof open>): Promise<Reply> => {
      const response = await open(...what);
      const text = (await response.setEncoding('utf8').toArray()).join('');
      return { status: response.statusCode ?? 0, headers: response.headers, text };
    };

    it('accepts a token in a header and in the query', async () => {
      const token = await service.token('1001');

      const placed = await ask('/v1/app/call/2000', { headers: { authorization: `Bearer ${token}` } });
      const { data } = JSON.parse(placed.text) as { data: { callSid: string } };
      const state = await ask(`/v1/app/callState/${data.callSid}?access_token=${token}`);

      expect(state.text).toMatch(/^\{"data":\{"stateType":"[1-4]"\},"returnCode":200,"returnMsg":"success"\}$/);
    });

    it('streams each event when it happens', async () => {
      const callSid = await placeCall(service, '1004', KEEPS_TALKING);
      const token = await service.token('1004');
      const stream = await open(`/v1/app/callState/${callSid}/stream`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const ended = once(stream, 'end');
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));

      await waitFor('the answer to come through', () => text.includes('"stateType":"3"'));
      await service.ask('1004', `callCancel/${callSid}`);
      await ended;

      expect(text).toContain('"stateType":"4"');
    });

    it('keeps a long poll open until the next change', async () => {
      const callSid = await placeCall(service, '1005', KEEPS_TALKING);
      const token = await service.token('1005');
      const state = (parameters = '') => ask(`/v1/app/callState/${callSid}?access_token=${token}${parameters}`);
      await waitFor('the talk', async () => (await state()).text.includes('"stateType":"3"'));

      const poll = state('&after=3&wait=30');
      await service.ask('1005', `callCancel/${callSid}`);

      expect((await poll).text).toContain('"stateType":"4"');
    });

    it('receives the client’s address, protocol and request id from the proxy, and ignores forged ones', async () => {
      const { headers } = await ask('/v1/app/call/2000', {
        headers: { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http', 'x-request-id': 'forged' },
      });

      const id = String(headers['x-request-id']);
      expect(id).not.toBe('forged');
      expect(headers['strict-transport-security']).toBeDefined();
      const line = await waitFor('its line', () => log.lines().find(({ requestId }) => requestId === id));
      expect(line).toMatchObject({ address: CLIENT });
      if (kind === 'nginx') expect(await proxy.log()).toContain(id);
    });

    it('accepts a body of the maximum size', async () => {
      const users = JSON.stringify({ users: [{ id: '1001', name: 'Demo caller 1001', phone: '+8613900001001' }] });
      const body = Buffer.from(users.padEnd(8 * 1024 * 1024));
      const headers = {
        authorization: `Bearer ${await service.token('1001', 'admin')}`,
        'content-type': 'application/json',
        'content-length': body.length,
      };

      const { status, text } = await ask('/v1/admin/users', { method: 'PUT', headers }, body);

      expect({ status, text }).toEqual({ status: 200, text: expect.any(String) as string });
    });

    it('has no token or secret in the proxy’s log, even if the request fails', async () => {
      const token = await service.token('1006');
      await ask(`/v1/app/callService?access_token=${token}`);
      await ask(`/v1/app/callService?access_token=${token}`, { headers: { host: 'another.example.com' } });
      const secret = 'the-address-that-only-a-provider-knows';
      await ask(`/v1/webhooks/yuntongxun/${secret}/Hangup?seal=${secret}`, { method: 'POST' });
      const withoutService = await startReverseProxy(kind, '127.0.0.1:9');
      const { status } = await ask(`/v1/app/callService?x=1&access_token=${token}`, {
        port: withoutService.port,
        ca: withoutService.authority,
      });

      const written = await Promise.all(
        [proxy, withoutService].map((one) =>
          waitFor('its line', async () => {
            const text = await one.log();
            return text.includes('callService') && text;
          }),
        ),
      );
      await withoutService.close();
      expect(status).toBe(502);
      expect(written.join()).not.toContain(token);
      expect(written.join()).not.toContain(secret);
      expect(written[0]).toContain('/v1/webhooks/yuntongxun/-');
    });
  });
}
