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

type Answer = (response: ServerResponse) => void;

/** The front answers the first requests by itself, in this order. */
const answers = (...remaining: Answer[]): Fault => {
  return (_, response) => {
    const answer = remaining.shift();
    answer?.(response);
    return answer !== undefined;
  };
};

const CALL_SID = '1'.repeat(32);
const JSON_TYPE = { 'content-type': 'application/json' };
const changeOf = (number: number, stateType: string): string => JSON.stringify({ data: { number, stateType } });

const stream =
  (...data: string[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(data.map((each) => `data: ${each}\n\n`).join(''));
  };
/** Its token was accepted, and it breaks before its first change. */
const brokenStream: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(':\n\n', () => response.destroy());
};
const lastPoll: Answer = (response) => {
  response.writeHead(200, JSON_TYPE).end(`{"returnCode":200,"data":{"stateType":"4","changes":[${changeOf(1, '4')}]}}`);
};
const cutBody: Answer = (response) => {
  response.writeHead(200, { ...JSON_TYPE, 'content-length': 1_000 });
  response.write('{"returnCode":200,"da', () => response.destroy());
};
const portal: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Wi-Fi</title>');
};
const refusedToken: Answer = (response) => {
  response.writeHead(401, { ...JSON_TYPE, 'x-ringback-error': 'UNAUTHENTICATED' }).end('{"returnCode":401}');
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

it('asks for a new token each time one has expired, not only at its first request', async () => {
  fault = answers(
    stream(changeOf(1, '1')),
    refusedToken,
    stream(changeOf(2, '2')),
    refusedToken,
    stream(changeOf(3, '4')),
  );
  let tokens = 0;
  const client = new Ringback({ url, token: () => `token ${++tokens}` });

  expect(await statesOf(client.watch(CALL_SID))).toEqual(['1', '2', '4']);
  expect(asked).toEqual(['stream 0', 'stream 1', 'stream 1', 'stream 2', 'stream 2']);
  expect(tokens).toBe(5);
});

it('counts a token as accepted when its stream breaks before a change', async () => {
  fault = answers(refusedToken, brokenStream, refusedToken, stream(changeOf(1, '4')));
  const client = new Ringback({ url, token: () => 'token' });

  expect(await statesOf(client.watch(CALL_SID))).toEqual(['4']);
});

it.each([
  ['two tokens in a row are refused', () => 'token', 2],
  ['a token that cannot be renewed is refused', 'token', 1],
])('ends when it resumes and %s', async (_, token, refusals) => {
  const refused = Array.from({ length: refusals }, () => refusedToken);
  fault = answers(stream(changeOf(1, '1')), ...refused, stream(changeOf(2, '4')));
  const client = new Ringback({ url, token });

  await expect(statesOf(client.watch(CALL_SID))).rejects.toMatchObject({ code: 'UNAUTHENTICATED', httpStatus: 401 });
  expect(asked).toEqual(['stream 0', ...refused.map(() => 'stream 1')]);
});

it('asks again when its token function fails', async () => {
  fault = answers(stream(changeOf(1, '1')), stream(changeOf(2, '4')));
  const tokens = [() => 'first', () => Promise.reject(new TypeError('fetch failed')), () => 'second'];
  const client = new Ringback({ url, token: () => tokens.shift()!() });

  expect(await statesOf(client.watch(CALL_SID))).toEqual(['1', '4']);
  expect(asked).toEqual(['stream 0', 'stream 1']);
  expect(tokens).toEqual([]);
});

it.each([
  ['a captive portal answers', portal],
  ['the body of a long poll is cut off', cutBody],
])('asks again when %s', async (_, answer) => {
  fault = answers(portal, answer, lastPoll);
  const client = new Ringback({ url, token: 'token' });

  expect(await statesOf(client.watch(CALL_SID))).toEqual(['4']);
  expect(asked).toEqual(['stream 0', 'poll 0', 'poll 0']);
});

it('resumes a stream with an event that is no JSON', async () => {
  fault = answers(stream(changeOf(1, '1'), '<html>'), stream(changeOf(2, '4')));
  const client = new Ringback({ url, token: 'token' });

  expect(await statesOf(client.watch(CALL_SID))).toEqual(['1', '4']);
  expect(asked).toEqual(['stream 0', 'stream 1']);
});

it.each([
  ['a page', portal, { code: 'UNKNOWN', httpStatus: 200 }],
  ['a body that is cut off', cutBody, { code: 'NO_ANSWER', httpStatus: undefined }],
])('a single request fails with a RingbackError for %s', async (_, answer, expected) => {
  fault = answers(answer);
  const client = new Ringback({ url, token: 'token' });

  await expect(client.call('2000')).rejects.toMatchObject({ name: 'RingbackError', ...expected });
});

it('a single request fails with a RingbackError when the token function fails', async () => {
  const cause = new TypeError('fetch failed');
  const client = new Ringback({ url, token: () => Promise.reject(cause) });

  await expect(client.call('2000')).rejects.toMatchObject({ name: 'RingbackError', code: 'NO_ANSWER', cause });
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

it('throws the reason of its signal when that aborts while the token function fails', async () => {
  const stop = new AbortController();
  const token = () => {
    stop.abort(new Error('enough'));
    return Promise.reject(new TypeError('fetch failed'));
  };
  const client = new Ringback({ url, token });

  await expect(statesOf(client.watch(CALL_SID, { signal: stop.signal }))).rejects.toThrow('enough');
});

it('throws the reason of its signal when that aborts in the body of a long poll', async () => {
  const stop = new AbortController();
  fault = answers(portal, (response) => {
    response.writeHead(200, JSON_TYPE);
    response.write('{"returnCode":200,"da', () => setImmediate(() => stop.abort(new Error('enough'))));
  });
  const client = new Ringback({ url, token: 'token' });

  await expect(statesOf(client.watch(CALL_SID, { signal: stop.signal }))).rejects.toThrow('enough');
  expect(asked).toEqual(['stream 0', 'poll 0']);
});
