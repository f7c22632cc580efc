/** A reverse proxy that compresses responses when the client accepts it, as many proxies do. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGzip } from 'node:zlib';
import { openStream, type OpenStream } from '../support/event-stream.js';
import { storeCall, applyEvent } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
let proxy: Server;
let stream: OpenStream | undefined;

beforeAll(async () => {
  service = await startTestApp();
  proxy = createServer((incoming, outgoing) => {
    const forwarded = request(`${service.url}${incoming.url ?? ''}`, { headers: incoming.headers, agent: false });
    outgoing.once('close', () => forwarded.destroy());
    forwarded.on('error', () => outgoing.destroy());
    forwarded.on('response', (response: IncomingMessage) => {
      const { statusCode = 502, headers } = response;
      if (headers['cache-control']?.includes('no-transform')) {
        outgoing.writeHead(statusCode, headers);
        outgoing.flushHeaders();
        response.pipe(outgoing);
      } else {
        const compressed = Object.entries({ ...headers, 'content-encoding': 'gzip' });
        outgoing.writeHead(
          statusCode,
          compressed.flatMap(([name, value]) => (name === 'content-length' ? [] : [name, [value].flat().join(', ')])),
        );
        outgoing.flushHeaders();
        response.pipe(createGzip()).pipe(outgoing);
      }
    });
    forwarded.end();
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  stream?.close();
  proxy.closeAllConnections();
  proxy.close();
  await service.close();
});

const throughProxy = (path: string): string => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${path}`;

it('a compressing proxy passes each stream event on at once', async () => {
  const call = await storeCall(service.database);
  const token = await service.token(call.callerId);

  stream = await openStream(throughProxy(`/v1/app/callState/${call.callSid}/stream?access_token=${token}`), {
    'accept-encoding': 'gzip',
  });
  const { events } = stream;
  await waitFor('the state at once', () => events.length === 1);
  await applyEvent(service.database, call.callSid, { type: 'ringing' });
  await waitFor('the first change', () => events.length === 2);
  await applyEvent(service.database, call.callSid, { type: 'answered' });
  await waitFor('the second', () => events.length === 3);

  expect(events.map(({ change }) => change.data.stateType)).toEqual(['1', '2', '3']);
});

it('a compressing proxy compresses other responses, and their content is unchanged', async () => {
  const direct = await (await fetch(`${service.url}/docs/openapi.json`)).text();

  const response = await fetch(throughProxy('/docs/openapi.json'));

  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(await response.text()).toBe(direct);
});
