/** What holds for every Node HTTP server of ours before a request reaches a route: limits of time and size. */
import type { ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { errorBody } from '../common/error-body.js';
import { AppError, ERRORS, type ErrorName } from '../common/error-table.js';
import { withoutOrigin } from '../common/request-path.js';
import { RESPONSE_HEADERS } from './response-headers.js';
import { closeSlowly } from './slow-close.js';

/** A token, a long id and then some: beyond it a client is broken or hostile. Node's own default is 16 KB. */
export const MOST_HEADER_BYTES = 32 * 1024;

export interface RequestTimes {
  /** Maximum time to receive a request, its body included. */
  readonly limitMs: number;
  /** Node looks for overdue requests this often; its own default of 30 s doubles the limit. */
  readonly checkEveryMs: number;
}

export const REQUEST_TIMES: RequestTimes = { limitMs: 30_000, checkEveryMs: 2_000 };

/**
 * A client that ends its side of the connection is gone, as Node has it by default: what it waits for is given up. Most clients that
 * leave do no more than that, so their streams and long polls would otherwise go on until the next heartbeat.
 */
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
  RINGBACK_SMALL_CHUNKS: 'TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'TOO_SLOW',
};

export const answerClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (!socket.writable || socket.destroyed) return;
  const target = error.code === 'HPE_INVALID_METHOD' ? targetOf(error) : null;
  const refusal = new AppError(
    target === null ? (CLIENT_ERRORS[error.code ?? ''] ?? 'BAD_REQUEST') : 'NOT_IMPLEMENTED',
  );
  const { headers: own, text } = errorBody(refusal, target ?? '', null);
  const headers = {
    ...RESPONSE_HEADERS,
    connection: 'close',
    ...own,
    'content-length': Buffer.byteLength(text),
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${ERRORS[refusal.code].code} Refused\r\n${head.join('')}\r\n${text}`);
  closeSlowly(socket);
};

/** With the bytes that the parser was given, and how far it came in them. */
interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** A request line (RFC 9112, 3) that is one but for its method, which RFC 9110, 15.6.2 answers with 501. */
const REQUEST_LINE = /^[\w!#$%&'*+.^`|~-]+ (\/\S*|https?:\/\/[^\s/?#]\S*) HTTP\/1\.[01]\r?$/i;

/** Null where the line is none, as of TLS, or has not come whole. */
const targetOf = ({ rawPacket, bytesParsed = 0 }: ParserError): string | null => {
  if (!rawPacket) return null;
  const begin = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf('\n', bytesParsed - 1) + 1;
  const end = rawPacket.indexOf('\n', begin);
  const [, target] = REQUEST_LINE.exec(rawPacket.toString('latin1', begin, end === -1 ? begin : end)) ?? [];
  return target === undefined ? null : (withoutOrigin(target).split(/[?#]/, 1)[0] ?? null);
};
