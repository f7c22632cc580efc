/** What holds for every Node HTTP server of ours before a request reaches a route: limits of time and size. */
import type { ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { ERRORS, type ErrorName } from './common/error-table.js';
import { RESPONSE_HEADERS } from './response-headers.js';

/** A token, a long id and then some: beyond it a client is broken or hostile. Node's own default is 16 KB. */
export const MOST_HEADER_BYTES = 32 * 1024;

export interface RequestTimes {
  /** Maximum time to receive a request, its body included. */
  readonly limitMs: number;
  /** Node looks for overdue requests this often; its own default of 30 s doubles the limit. */
  readonly checkEveryMs: number;
}

export const REQUEST_TIMES: RequestTimes = { limitMs: 30_000, checkEveryMs: 2_000 };

export const nodeServerOptions = ({ limitMs, checkEveryMs }: RequestTimes): ServerOptions => ({
  maxHeaderSize: MOST_HEADER_BYTES,
  // Node sets the headers' own limit by what it is told here, and not by what Fastify sets afterwards.
  requestTimeout: limitMs,
  headersTimeout: limitMs,
  connectionsCheckingInterval: checkEveryMs,
  // Node would answer by itself, past all limits of a connection; http-server.ts refuses the request.
  requireHostHeader: false,
});

/** By Node's code of what was wrong with a request that no route has seen. */
const CLIENT_ERRORS: Readonly<Record<string, ErrorName>> = {
  HPE_HEADER_OVERFLOW: 'TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'TOO_SLOW',
};

/** Time for a client whose request was refused to read the response (RFC 9112, 9.6). */
const LINGER_MS = 2_000;

export const answerClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (!socket.writable || socket.destroyed) return;
  const { code, message } = ERRORS[CLIENT_ERRORS[error.code ?? ''] ?? 'BAD_REQUEST'];
  const body = JSON.stringify({ returnCode: code, returnMsg: message });
  const headers = {
    ...RESPONSE_HEADERS,
    connection: 'close',
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  // The response first, then the connection, which the client need not close.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.end(`HTTP/1.1 ${code} Refused\r\n${head.join('')}\r\n${body}`);
};
