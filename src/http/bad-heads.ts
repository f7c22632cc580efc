/** Request heads that we and a proxy in front of us could read in two ways, or that we have not seen whole. */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../common/error-table.js';
import { MOST_HEADERS } from './connection-limits.js';
import { closeWith } from './slow-close.js';

export const refuseBadHeads = (server: FastifyInstance): void => {
  server.addHook('onRequest', ({ raw }, reply, done) => {
    // What the parser has dropped may have mattered: a token, an address, the length of the body.
    const isCut = raw.rawHeaders.length >= 2 * MOST_HEADERS;
    if (!isCut && !isBad(raw)) {
      done();
      return;
    }
    // RFC 9112, 6.1: where this request ends is as doubtful as the rest, so what follows is not read as another one.
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
  // RFC 9112, 6.1: Node reads the chunks, and would leave them encoded by what stands before `chunked`.
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') return true;
  return SINGLE.some((name) => isTwice(rawHeaders, name));
};

/** RFC 9110, 7.2, and RFC 3986, 3.2.2: a name or an address, of which an application may make a link. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i;

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
