import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { LONGEST_RETRY_AFTER_SECONDS, retryAfterOf } from '../../src/common/retry-after.js';
import { WebhookRequest, type WebhookToSend } from '../../src/delivery/webhook-request.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { openTestCall } from '../support/test-call.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

let service: TestApp;
let receiver: WebhookReceiver;

beforeAll(async () => {
  service = await startTestApp({ environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' } });
  receiver = await startWebhookReceiver();
});
afterAll(async () => {
  await receiver.close();
  await service.close();
});

const webhook = (): WebhookToSend => ({
  url: receiver.url,
  secrets: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD0yvEsQjyzMo='],
  id: '16090510160925480001030600243044-1',
  body: '{"type":"call.requested","data":{"callSid":"16090510160925480001030600243044","number":1}}',
});

const NEVER = new AbortController().signal;

it('an attempt without an answer times out', async () => {
  receiver.replyWith(() => 'silence');

  const answer = await service.app.nest.get(WebhookRequest).send(webhook(), NEVER, 200);

  expect(answer).toMatchObject({ status: null, error: 'It did not answer within 0.2 s.', response: null });
  expect(answer.durationMs).toBeGreaterThanOrEqual(190);
});

it('an attempt at a closed port gives the connection error', async () => {
  const answer = await service.app.nest.get(WebhookRequest).send({ ...webhook(), url: 'http://127.0.0.1:1/' }, NEVER);

  expect(answer).toMatchObject({ status: null, error: expect.stringContaining('ECONNREFUSED'), response: null });
});

it('an attempt ends with the status and body of its answer', async () => {
  receiver.replyWith(() => ({ status: 202, body: 'taken' }));

  expect(await service.app.nest.get(WebhookRequest).send(webhook(), NEVER)).toMatchObject({
    status: 202,
    error: null,
    response: 'taken',
  });
});

describe('a receiver', () => {
  /** Answers the first bytes of every request with this text. */
  const answeringWith = async (text: string, { isOpen = false } = {}): Promise<{ url: string; close(): void }> => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => (isOpen ? socket.write(text) : socket.end(text)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/hook`, close: () => server.close() };
  };
  const attemptAt = async (text: string) => {
    const server = await answeringWith(text);
    const answer = await service.app.nest.get(WebhookRequest).send({ ...webhook(), url: server.url }, NEVER);
    server.close();
    return answer;
  };
  const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

  it.each([
    ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['100 Continue twice', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'],
    ['102 Processing', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103 Early Hints', 'HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n'],
  ])('that sends %s before its answer has accepted the webhook', async (_, first) => {
    expect(await attemptAt(first + OK)).toMatchObject({ status: 200, error: null, response: 'ok' });
  });

  it('that sends endless informational responses fails the attempt at the eleventh', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\n\r\n';

    expect(await attemptAt(hints.repeat(10) + OK)).toMatchObject({ status: 200, error: null });
    expect(await attemptAt(hints.repeat(11))).toMatchObject({
      status: null,
      error: 'It sent more than 10 informational responses (1xx).',
    });
  });

  it('that switches protocols has not accepted the webhook', async () => {
    const answer = await attemptAt('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');

    expect(answer).toMatchObject({ status: null, error: 'It switched protocols.' });
  });

  it('whose body never ends has accepted the webhook, and the attempt ends', async () => {
    const server = await answeringWith('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\ntaken', { isOpen: true });

    const answer = await service.app.nest.get(WebhookRequest).send({ ...webhook(), url: server.url }, NEVER, 20_000);
    server.close();

    expect(answer).toMatchObject({ status: 200, error: null, response: 'taken' });
    expect(answer.durationMs).toBeLessThan(15_000);
  });

  it('that sends endless headers fails the attempt', async () => {
    const answer = await attemptAt(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`);

    expect(answer).toMatchObject({ status: null, error: expect.stringMatching(/./) as unknown });
  });
});

describe('Retry-After', () => {
  const NOW = new Date('2026-11-28T12:00:00Z');

  it.each([
    [429, '60', 60],
    [503, ' 60 ', 60],
    [429, '0', 0],
    [429, '86400', LONGEST_RETRY_AFTER_SECONDS],
    [503, 'Sat, 28 Nov 2026 12:02:00 GMT', 120],
    [503, 'Sat, 28 Nov 2026 11:00:00 GMT', 0],
    [503, 'Sat, 28 Nov 2099 11:00:00 GMT', LONGEST_RETRY_AFTER_SECONDS],
    [429, 'soon', 0],
    [429, '-1', 0],
    [429, '', 0],
    [429, undefined, 0],
    [500, '60', 0],
    [200, '60', 0],
  ])('of a %s: %s is %s seconds', (status, header, seconds) => {
    expect(retryAfterOf(status, header, NOW)).toBe(seconds);
  });

  it('delays a retry, and does not make it earlier than our own back-off', async () => {
    const delayAfter = async (retryAfter: string): Promise<number> => {
      receiver.replyWith(() => ({ status: 429, headers: { 'retry-after': retryAfter } }));
      const callSid = await openTestCall(service);
      const [job] = await waitFor('the failed job', async () => {
        const jobs = await service.database.query<{ delay: number }[]>(
          `select extract(epoch from run_at - now())::float8 as delay from graphile_worker.jobs
           where key = webhook_job_key($1, $2) and attempts = 1 and locked_at is null and last_error is not null`,
          [endpoint.id, callSid],
        );
        return jobs.length > 0 && jobs;
      });
      return job!.delay;
    };
    const endpoint = await registerEndpoint(service, { url: receiver.url });

    const [long, short] = [await delayAfter('60'), await delayAfter('1')];

    expect(long).toBeGreaterThan(30);
    expect(long).toBeLessThanOrEqual(60);
    expect(short).toBeLessThanOrEqual(3);
  });
});
