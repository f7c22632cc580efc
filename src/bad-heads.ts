/** Request heads that we and a proxy in front of us could read in two ways, or that we have not seen whole. */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { AppError } from './common/error-table.js';
import { MOST_HEADERS } from './connection-limits.js';

export const refuseBadHeads = (server: FastifyInstance): void => {
  server.addHook('onRequest', ({ raw }, _reply, done) => {
    // What the parser has dropped may have mattered: a token, an address, an idempotency key.
    if (raw.rawHeaders.length >= 2 * MOST_HEADERS) done(new AppError('TOO_LARGE'));
    else done(isBad(raw) ? new AppError('BAD_REQUEST') : undefined);
  });
};

const isBad = ({ headers, httpVersion, rawHeaders }: IncomingMessage): boolean => {
  // RFC 9112, 3.2.
  if (headers.host === undefined && httpVersion === '1.1') return true;
  // RFC 9112, 6.1: Node reads the chunks, and would leave them encoded by what stands before `chunked`.
  const { 'transfer-encoding': encoding } = headers;
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') return true;
  return SINGLE.some((name) => isTwice(rawHeaders, name));
};

/** Of two, Node takes the first and says nothing of the other; a proxy may take the last. */
const SINGLE = ['host', 'authorization', 'content-type'];

const isTwice = (rawHeaders: readonly string[], name: string): boolean => {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const header = rawHeaders[i] ?? '';
    if (header.length === name.length && header.toLowerCase() === name) count++;
  }
  return count > 1;
};
