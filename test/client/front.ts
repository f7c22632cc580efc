/** A front before the service, as a proxy is: it notes what a client asks, and may answer in place of the service. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { changeOf, loadClient, type Client } from './source-client.js';

/** Whether it answers. If not, the request goes on to the service. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface Front {
  readonly service: TestApp;
  readonly url: string;
  /** `stream` or `poll`, and the change after which the client asks. */
  readonly asked: readonly string[];
  /** Begins anew. */
  answerBy(fault: Fault): void;
  /** @param token or a function for tokens; the service may not know it, where the front answers */
  clientWith(token: unknown): Client;
  clientOf(userId: string, more?: object): Promise<Client>;
  close(): Promise<void>;
}

export const isStream = ({ url: path = '' }: IncomingMessage): boolean => path.includes('/stream');

export const startFront = async (): Promise<Front> => {
  const service = await startTestApp();
  const Ringback = await loadClient();
  const asked: string[] = [];
  let fault: Fault = () => false;
  // A client reuses its connections. One that the front closes after five idle seconds may have a request on its way.
  const server = createServer({ keepAliveTimeout: 0 }, (incoming, response) => {
    asked.push(...noted(incoming));
    if (!fault(incoming, response)) passOn(service.url, incoming, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    service,
    url,
    asked,
    answerBy(next) {
      fault = next;
      asked.length = 0;
    },
    clientWith: (token) => new Ringback({ url, token }),
    clientOf: async (userId, more = {}) => new Ringback({ url, token: await service.token(userId), ...more }),
    async close() {
      server.closeAllConnections();
      server.close();
      await service.close();
    },
  };
};

const noted = (incoming: IncomingMessage): string[] => {
  if (isStream(incoming)) return [`stream ${String(incoming.headers['last-event-id'])}`];
  const [, number] = /afterNumber=(\d+)/.exec(incoming.url!) ?? [];
  return number === undefined ? [] : [`poll ${number}`];
};

/** To the service, and back piece by piece. */
const passOn = (serviceUrl: string, incoming: IncomingMessage, response: ServerResponse): void => {
  const outgoing = request(serviceUrl + incoming.url!, { headers: incoming.headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  });
  response.on('close', () => outgoing.destroy());
  outgoing.on('error', () => response.destroy());
  outgoing.end();
};

type Answer = (response: ServerResponse) => void;

/** The front answers the first requests by itself, in this order. */
export const answers = (...remaining: Answer[]): Fault => {
  return (_, response) => {
    const answer = remaining.shift();
    answer?.(response);
    return answer !== undefined;
  };
};

export const JSON_TYPE = { 'content-type': 'application/json' };
export const stream =
  (...data: string[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(data.map((each) => `data: ${each}\n\n`).join(''));
  };
/** Its token was accepted, and it breaks before its first change. */
export const brokenStream: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(':\n\n', () => response.destroy());
};
export const lastPoll: Answer = (response) => {
  response.writeHead(200, JSON_TYPE).end(`{"returnCode":200,"data":{"stateType":"4","changes":[${changeOf(1, '4')}]}}`);
};
export const cutBody: Answer = (response) => {
  response.writeHead(200, { ...JSON_TYPE, 'content-length': 1_000 });
  response.write('{"returnCode":200,"da', () => response.destroy());
};
export const portal: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Wi-Fi</title>');
};
export const refusedToken: Answer = (response) => {
  response.writeHead(401, { ...JSON_TYPE, 'x-ringback-error': 'UNAUTHENTICATED' }).end('{"returnCode":401}');
};
