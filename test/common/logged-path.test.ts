/** The path of a request in the log, and the format of its errors, for any form of the URL. */
import { connect } from 'node:net';
import { collectedLog } from '../support/collected-log.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
const log = collectedLog();

beforeAll(async () => {
  service = await startTestApp({ environment: { LOG_LEVEL: 'trace' }, logTo: log.stream });
});
afterAll(() => service.close());

/** The whole response to a raw request target. */
const send = (target: string, method = 'GET'): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('end', () => {
      resolve(text);
    });
    socket.on('error', reject);
    socket.write(`${method} ${target} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
  });

const pathLogged = async (target: string, method?: string): Promise<unknown> => {
  const id = /^x-request-id: (\S+)/m.exec(await send(target, method))?.[1];
  return waitFor('the line', () => log.lines().find((line) => line.requestId === id && line.msg === 'request')?.path);
};

describe('the path in the log', () => {
  it.each([
    ['/v1/app/callState/123', '/v1/app/callState/123'],
    ['http://elsewhere.example/v1/app/callState/123', '/v1/app/callState/123'],
    ['/v1/app/callState/123#access_token=canary', '/v1/app/callState/123'],
    ['/v1/app/callState/123?access_token=canary', '/v1/app/callState/123'],
    ['/v1/app/callState/123;access_token=canary', '/v1/app/callState/:callSid'],
    ['/v1/app/callState/123%3Baccess_token=canary', '/v1/app/callState/:callSid'],
    [`/v1/app/callState/${'1'.repeat(30_000)}`, '/v1/app/callState/:callSid'],
    ['/nothing/here#access_token=canary', '/nothing/here'],
    ['/nothing;access_token=canary/here', '/nothing'],
    ['/v1/app/call/13800138000', '/v1/app/call/:targetId'],
    ['/v1/webhook/yuntongxun/Canary7fqLwP0xZr3TbNvQ', '/v1/webhook/…/…'],
    ['/v1/webhook/yuntongxun/canary', '/v1/webhook/…/…'],
    ['/nothing/8613812345678', '/nothing/…'],
    ['/v1/app/callState/008613812345678', '/v1/app/callState/:callSid'],
    ['/Canary7fqLwP0xZr3TbNvQ', '/…'],
    [`/nothing/${'canary'.repeat(10)}/here`, '/nothing/…/…'],
    [`/${'a/'.repeat(15_000)}`, `/a/a${'/…'.repeat(98)}`],
    ['/v1/webhooks/yuntongxun/canary', '/v1/webhooks/yuntongxun/*'],
    ['/v1/w%65bhooks/yuntongxun/canary', '/v1/webhooks/yuntongxun/*'],
    ['/v1/webhooks/yuntongxun/canary/CallAuth', '/v1/webhooks/yuntongxun/*'],
  ])('of %s', async (target, path) => {
    expect(await pathLogged(target)).toBe(path);
  });

  it('of a webhook does not contain the secret part', async () => {
    expect(await pathLogged('/v1/webhooks/simulator/canary', 'POST')).toBe('/v1/webhooks/simulator/*');
  });

  it('contains a provider’s name, but not a secret in the place of the name', async () => {
    expect(await pathLogged('/v1/webhooks/elsewhere', 'POST')).toBe('/v1/webhooks/elsewhere');
    expect(await pathLogged('/v1/webhooks/Canary7fqLwP0xZr3TbNvQ', 'POST')).toBe('/v1/webhooks/:provider');
  });

  it('and the rest of the log do not contain the removed parts', async () => {
    await pathLogged('/v1/app/callState/123#access_token=canary');

    expect(log.text()).not.toMatch(/canary/i);
    for (const line of log.text().split('\n')) expect(line.length).toBeLessThan(20_000);
  });
});

describe('the text of errors', () => {
  it.each([
    ['/v1/webhooks/yuntongxun/canary', 'POST'],
    ['/v1/webhooks/yuntongxun/canary/CallAuth', 'POST'],
    ['/v1/webhooks/simulator/canary', 'POST'],
    ['/v1/webhooks/canary?x=canary', 'POST'],
    ['/v1/webhook/yuntongxun/canary', 'POST'],
    ['/v1/app/callState/canary?access_token=canary', 'GET'],
    ['/v1/admin/users?access_token=canary', 'GET'],
    ['/health/ready?access_token=canary', 'DELETE'],
  ])('contains no part of the URL: %s', async (target, method) => {
    expect(await send(target, method)).not.toContain('canary');
  });
});

describe('the format of errors', () => {
  it.each(['/v1/admin/users', '/v1/%61dmin/users', 'http://elsewhere.example/v1/admin/users', '/v1/%61dmin/nothing'])(
    'is that of the resource: %s',
    async (target) => {
      expect(await send(target)).toContain('content-type: application/problem+json');
    },
  );

  it('of the contract’s routes is the envelope, also for an empty id in an absolute target', async () => {
    const token = await service.token('1001');

    const response = await send(`http://elsewhere.example/v1/app/callState/?access_token=${token}`);

    const stable = (text: string) => text.replace(/^(?:x-request-id|date): .*$/gim, '');
    expect(stable(response)).toBe(stable(await send(`/v1/app/callState/?access_token=${token}`)));
  });
});
