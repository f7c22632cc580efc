/** Refuses request heads that a proxy could interpret differently, and heads that the parser has truncated. */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../common/error-table.js';
import { MAX_HEADERS } from './connection-limits.js';
import { closeWith } from './slow-close.js';

export const refuseBadHeads = (server: FastifyInstance): void => {
  server.addHook('onRequest', ({ raw }, reply, done) => {
    // The dropped headers may contain a token, an address or the body's length.
    const isCut = raw.rawHeaders.length >= 2 * MAX_HEADERS;
    if (!isCut && !isBad(raw)) {
      done();
      return;
    }
    // RFC 9112, 6.1: the end of this request is uncertain too, so the following bytes are not parsed as another one.
    closeWith(raw, reply);
    done(new AppError(isCut ? 'TOO_LARGE' : 'BAD_REQUEST'));
  });
};

const isBad = ({ headers, httpVersion, rawHeaders }: IncomingMessage): boolean => {
  const { 'transfer-encoding': encoding } = headers;
  // RFC 9112, 6.1: HTTP/1.0 has no chunks. Node's parser also takes 0.9 and 2.0.
  if (httpVersion !== '1.1' && (httpVersion !== '1.0' || encoding !== undefined)) return true;
  // RFC 9112, 3.2.
  if (headers.host === undefined ? httpVersion === '1.1' : !HOST.test(headers.host)) return true;
  // RFC 9112, 6.1: Node decodes the chunks, but not the encodings before `chunked`.
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') return true;
  return SINGLE.some((name) => isTwice(rawHeaders, name));
};

/** RFC 9110, 7.2, and RFC 3986, 3.2.2: a host name or address. Applications may build links from it. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i;

/** Of two headers with one of these names, Node takes the first silently; a proxy may take the last. */
const SINGLE = ['host', 'authorization', 'content-type'];

const isTwice = (rawHeaders: readonly string[], name: string): boolean => {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const header = rawHeaders[i] ?? '';
    if (header.length === name.length && header.toLowerCase() === name) count++;
  }
  return count > 1;
};
