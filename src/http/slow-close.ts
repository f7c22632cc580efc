/**
 * Closes a connection whose client may still be sending (RFC 9112, 9.6). Closing a socket with unread bytes resets the
 * connection, and the response may be lost.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { dropBody } from './small-chunks.js';

/** Time for the client to read the response. */
const LINGER_MS = 2_000;

/** Ends the socket after its pending output. The client need not close, and its input is dropped. */
export const closeSlowly = (socket: Socket): void => {
  if (!socket.writable) return;
  socket.end();
  dropBody(socket);
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
};

/**
 * A response before the request's body has arrived closes the connection. The body may never arrive, and Node would
 * answer again when its time is over. A body that arrived with the head is dropped, and the connection is kept.
 */
export const closeAfterEarlyResponses = (server: FastifyInstance): void => {
  server.addHook('onSend', ({ raw }, reply, _payload, done) => {
    if (raw.complete || !announcesBody(raw)) {
      done();
      return;
    }
    // The response may be created during the read that contains the body.
    setImmediate(() => {
      if (!raw.complete) closeWith(raw, reply);
      done();
    });
  });
};

/** Closes the connection with this response. */
export const closeWith = (raw: IncomingMessage, reply: FastifyReply): void => {
  void reply.header('connection', 'close');
  // Node calls this when a closing response is flushed, and would destroy the socket.
  raw.socket.destroySoon = () => {
    raw.resume();
    closeSlowly(raw.socket);
  };
};

export const announcesBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
