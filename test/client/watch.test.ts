/** A client's watch goes on over everything that stands between it and the service, and ends where it cannot. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallChange } from '../../src/call/record/call-change.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** As far as these tests use it. They run from the source; client.test.ts has the compiled package and its types. */
interface Client {
  call(targetId: string): Promise<string>;
  watch(callSid: string, options?: object): AsyncGenerator<CallChange, void, void>;
}
interface Module {
  readonly Ringback: new (options: object) => Client;
}
/** A `string`, so that the compiler does not resolve it: the client's types are generated when it is packed. */
const SOURCE: string = '../../client/src/ringback.js';

/** Null passes the request on to the service. */
type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

let Ringback: Module['Ringback'];
let service: TestApp;
let front: Server;
let url: string;
let fault: Fault;
/** `stream` or `poll`, and the change after which it asks. */
let asked: string[];

const isStream = ({ url: path = '' }: IncomingMessage): boolean => path.includes('/stream');

/** To the service, and back piece by piece. */
const passOn = (incoming: IncomingMessage, response: ServerResponse): void => {
  const outgoing = request(service.url + incoming.url!, { headers: incoming.headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  });
  response.on('close', () => outgoing.destroy());
  outgoing.on('error', () => response.destroy());
  outgoing.end();
};

const note = (incoming: IncomingMessage): void => {
  if (isStream(incoming)) asked.push(`stream ${String(incoming.headers['last-event-id'])}`);
  else if (incoming.url!.includes('afterNumber')) asked.push(`poll ${/afterNumber=(\d+)/.exec(incoming.url!)![1]!}`);
};

beforeAll(async () => {
  ({ Ringback } = (await import(SOURCE)) as Module);
  service = await startTestApp();
  front = createServer((incoming, response) => {
    note(incoming);
    if (!fault(incoming, response)) passOn(incoming, response);
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  url = `http://127.0.0.1:${(front.address() as AddressInfo).port}/`;
});
beforeEach(() => {
  fault = () => false;
  asked = [];
});
afterAll(async () => {
  front.closeAllConnections();
  front.close();
  await service.close();
});

const clientOf = async (userId: string, more: object = {}): Promise<Client> =>
  new Ringback({ url, token: await service.token(userId), ...more });

const statesOf = async (changes: AsyncIterable<CallChange>): Promise<string[]> => {
  const states: string[] = [];
  for await (const { data } of changes) states.push(data.stateType);
  return states;
};

const once429 = (): Fault => {
  let isFirst = true;
  return (incoming, response) => {
    if (!isStream(incoming) || !isFirst) return false;
    isFirst = false;
    response.writeHead(429, { 'retry-after': '1', 'x-ringback-error': 'TOO_FREQUENT' }).end('{"returnCode":429}');
    return true;
  };
};

it('yields each change once over one stream', async () => {
  const client = await clientOf('1001');

  expect(await statesOf(client.watch(await client.call('2000')))).toEqual(['1', '2', '3', '4']);
  expect(asked).toEqual(['stream 0']);
});

it('resumes a stream that breaks, after its last change', async () => {
  fault = (incoming, response) => {
    if (!isStream(incoming)) return false;
    // The front lets one event through, and cuts the connection.
    const write = response.write.bind(response) as (chunk: Buffer) => boolean;
    response.write = ((chunk: Buffer) => {
      write(chunk);
      if (chunk.includes('data:')) setImmediate(() => response.destroy());
      return true;
    }) as typeof response.write;
    return false;
  };
  const client = await clientOf('1004');

  expect(await statesOf(client.watch(await client.call('2000')))).toEqual(['1', '2', '3', '4']);
  expect(asked.length).toBeGreaterThan(1);
  expect(asked[0]).toBe('stream 0');
  expect(new Set(asked).size).toBe(asked.length);
});

it('asks by long polls where a proxy holds the events back', async () => {
  fault = (incoming) => isStream(incoming);
  const client = await clientOf('1005');

  expect(await statesOf(client.watch(await client.call('2000')))).toEqual(['1', '2', '3', '4']);
  expect(asked.slice(0, 2)).toEqual(['stream 0', 'poll 0']);
});

it('asks by long polls where fetch has no streams', async () => {
  const withoutStreams = async (...options: Parameters<typeof fetch>) => {
    const response = await fetch(...options);
    const isEvents = response.headers.get('content-type')?.startsWith('text/event-stream');
    return isEvents ? { ok: true, status: 200, headers: response.headers, body: null } : response;
  };
  const client = await clientOf('1006', { fetch: withoutStreams });

  expect(await statesOf(client.watch(await client.call('2000')))).toEqual(['1', '2', '3', '4']);
  expect(asked.slice(0, 2)).toEqual(['stream 0', 'poll 0']);
});

it('asks again after Retry-After', async () => {
  fault = once429();
  const client = await clientOf('1007');
  const callSid = await client.call('2000');
  const begin = performance.now();

  expect(await statesOf(client.watch(callSid))).toEqual(['1', '2', '3', '4']);
  expect(asked).toEqual(['stream 0', 'stream 0']);
  expect(performance.now() - begin).toBeGreaterThan(990);
});

it('asks for a new token when one has expired, and only once for one that is refused', async () => {
  const good = await service.token('1008');
  const tokens = [good, 'expired', good];
  const client = await clientOf('1008', { token: () => tokens.shift() ?? 'expired' });
  const callSid = await client.call('2000');

  expect(await statesOf(client.watch(callSid))).toEqual(['1', '2', '3', '4']);
  await expect(statesOf(client.watch(callSid))).rejects.toMatchObject({ code: 'UNAUTHENTICATED', httpStatus: 401 });
});

it('begins after a number, and ends at once for a call that has no more', async () => {
  const client = await clientOf('1001');
  const callSid = await client.call('2001');
  await statesOf(client.watch(callSid));

  expect(await statesOf(client.watch(callSid, { afterNumber: 1 }))).toEqual(['4']);
  expect(await statesOf(client.watch(callSid, { afterNumber: 2 }))).toEqual([]);
});

it.each([
  ['of another user', async () => (await clientOf('1004')).call('2001')],
  ['that does not exist', () => Promise.resolve('1'.repeat(32))],
  ['whose callSid is malformed', () => Promise.resolve('../call/2000')],
])('fails for a call %s', async (_, place) => {
  const client = await clientOf('1005');

  await expect(statesOf(client.watch(await place()))).rejects.toMatchObject({
    name: 'RingbackError',
    code: 'NOT_YOUR_CALL',
    returnCode: 400,
    message: '用户信息有误!',
  });
});

it('stops when its signal aborts, or its loop breaks, and leaves no stream open', async () => {
  let open = 0;
  fault = (incoming, response) => {
    if (isStream(incoming)) {
      open++;
      response.once('close', () => open--);
    }
    return false;
  };
  const client = await clientOf('1006');
  const callSid = await client.call('2013');
  const stop = new AbortController();

  for await (const { data } of client.watch(callSid)) if (data.stateType === '3') break;
  const aborted = statesOf(client.watch(callSid, { signal: stop.signal, afterNumber: 3 }));
  while (asked.length < 2) await new Promise(setImmediate);
  stop.abort(new Error('enough'));

  await expect(aborted).rejects.toThrow('enough');
  while (open > 0) await new Promise(setImmediate);
  await service.admin('POST', `calls/${callSid}/cancel`);
});
