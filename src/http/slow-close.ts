/**
 * The end of a connection whose client may still be sending (RFC 9112, 9.6): a socket that is closed with bytes unread resets
 * the connection, and the response may be lost with it.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { dropBody } from './small-chunks.js';

/** Time for the client to read the response. */
const LINGER_MS = 2_000;

/** After what is still to be sent. The client need not close, and what it sends is dropped. */
export const closeSlowly = (socket: Socket): void => {
  if (!socket.writable) return;
  socket.end();
  dropBody(socket);
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
};

/**
 * A response to a request whose body has not come closes the connection: the body may never come, and there would be a second
 * response when its time is over. One that came along with the head is dropped, and the connection is kept.
 */
export const closeAfterEarlyResponses = (server: FastifyInstance): void => {
  server.addHook('onSend', ({ raw }, reply, _payload, done) => {
    if (raw.complete || !announcesBody(raw)) {
      done();
      return;
    }
    // The response may be made within the read that brings the body.
    setImmediate(() => {
      if (!raw.complete) closeWith(raw, reply);
      done();
    });
  });
};

/** The connection ends with this response. */
export const closeWith = (raw: IncomingMessage, reply: FastifyReply): void => {
  void reply.header('connection', 'close');
  // Node calls it when a response that closes the connection is flushed, and destroys the socket there.
  raw.socket.destroySoon = () => {
    raw.resume();
    closeSlowly(raw.socket);
  };
};

export const announcesBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
