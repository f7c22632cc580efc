/** Time and size limits of all Node HTTP servers, before a request reaches a route. */
import type { ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { errorBody } from '../common/error-body.js';
import { AppError, ERRORS, type ErrorName } from '../common/error-table.js';
import { withoutOrigin } from '../common/request-path.js';
import { RESPONSE_HEADERS } from './response-headers.js';
import { closeSlowly } from './slow-close.js';

/** Enough for a token and a long id. A larger head comes from a broken or hostile client. Node's default is 16 KB. */
export const MAX_HEADER_BYTES = 32 * 1024;

export interface RequestTimes {
  /** Maximum time to receive a request, its body included. */
  readonly limitMs: number;
  /** How often Node checks for overdue requests. Its default of 30 s would double the limit. */
  readonly checkEveryMs: number;
}

export const REQUEST_TIMES: RequestTimes = { limitMs: 30_000, checkEveryMs: 2_000 };

/**
 * By Node's default, a client that half-closes the connection is gone, and its requests are aborted. Most clients that
 * disconnect do only that. Otherwise their streams and long polls would continue until the next heartbeat.
 */
export const nodeServerOptions = ({ limitMs, checkEveryMs }: RequestTimes): ServerOptions => ({
  maxHeaderSize: MAX_HEADER_BYTES,
  // Node derives the limit of the head from this option, and not from what Fastify sets later.
  requestTimeout: limitMs,
  headersTimeout: limitMs,
  connectionsCheckingInterval: checkEveryMs,
  // Node would answer by itself, without the connection limits; bad-heads.ts refuses the request.
  requireHostHeader: false,
});

/** By Node's error code, for requests that reach no route. */
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

/** With the parser's input, and the position where it failed. */
interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** A request line (RFC 9112, 3) that is valid except for its method; the status is 501 (RFC 9110, 15.6.2). */
const REQUEST_LINE = /^[\w!#$%&'*+.^`|~-]+ (\/\S*|https?:\/\/[^\s/?#]\S*) HTTP\/1\.[01]\r?$/i;

/** Null if there is no such line, for example with TLS, or if it is incomplete. */
const targetOf = ({ rawPacket, bytesParsed = 0 }: ParserError): string | null => {
  if (!rawPacket) return null;
  const begin = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf('\n', bytesParsed - 1) + 1;
  const end = rawPacket.indexOf('\n', begin);
  const [, target] = REQUEST_LINE.exec(rawPacket.toString('latin1', begin, end === -1 ? begin : end)) ?? [];
  return target === undefined ? null : (withoutOrigin(target).split(/[?#]/, 1)[0] ?? null);
};
