/**
 * A body in many small chunks (RFC 9112, 7.1). Node makes a buffer and an event of each of them, some 400 bytes and some
 * microseconds, for anybody, before it is known who asks. So small chunks are joined before they are handed on, a request may have
 * only so many for its bytes, and of a body that nobody wants no buffer is made at all.
 */
import type { Socket } from 'node:net';

/** What clients send that write a line at a time, and then some. */
const ALWAYS_ALLOWED = 64;
const LEAST_BYTES_A_CHUNK = 64;
/** Smaller ones are copied into buffers of JOINED_BYTES. */
const SMALL_BYTES = 1024;
const JOINED_BYTES = 4 * 1024;

export class SmallChunks extends Error {
  readonly code = 'RINGBACK_SMALL_CHUNKS';
}

type Callback = (this: object, chunk?: Buffer) => unknown;

/** Node's own, which has no public way to hear of a chunk that nobody reads yet. */
type Parser = Record<number, Callback | null> & {
  readonly constructor: { readonly kOnBody?: number; readonly kOnMessageComplete?: number };
};

const parserOf = (socket: Socket): Parser | null | undefined =>
  (socket as Socket & { readonly parser?: Parser | null }).parser;

/** Of one connection. */
export interface BodyChunks {
  /** Another request begins. */
  begin(): void;
}

/** @param refuse called once, at the chunk that is one too many */
export const limitSmallChunks = (socket: Socket, refuse: (error: SmallChunks) => void): BodyChunks => {
  const parser = parserOf(socket);
  const { kOnBody: body, kOnMessageComplete: end } = parser?.constructor ?? {};
  if (!parser || body === undefined || end === undefined) return { begin: () => undefined };
  const onBody = parser[body] ?? null;
  const onEnd = parser[end] ?? null;
  let chunks = 0;
  let bytes = 0;
  let joined: Buffer | undefined;
  let length = 0;
  const flush = (self: object): void => {
    if (joined && length > 0) onBody?.call(self, joined.subarray(0, length));
    joined = undefined;
    length = 0;
  };
  parser[body] = function (chunk = Buffer.alloc(0)) {
    chunks++;
    bytes += chunk.length;
    if (chunks > ALWAYS_ALLOWED + bytes / LEAST_BYTES_A_CHUNK) {
      // The parser goes on to the end of what was read, and makes no buffers any more.
      parser[body] = null;
      refuse(new SmallChunks('the body comes in too many small chunks'));
      return;
    }
    if (chunk.length >= SMALL_BYTES || chunks === 1) {
      flush(this);
      onBody?.call(this, chunk);
      return;
    }
    if (length + chunk.length > JOINED_BYTES) flush(this);
    joined ??= Buffer.allocUnsafe(JOINED_BYTES);
    length += chunk.copy(joined, length);
  };
  parser[end] = function () {
    flush(this);
    return onEnd?.call(this);
  };
  // Node uses its parsers again, and puts these back by then.
  socket.once('close', () => {
    parser[body] = onBody;
    parser[end] = onEnd;
  });
  return {
    begin: () => {
      chunks = 0;
      bytes = 0;
    },
  };
};

/** What still comes on a connection that is being closed is parsed, and no buffer is made of it. */
export const dropBody = (socket: Socket): void => {
  const parser = parserOf(socket);
  const place = parser?.constructor.kOnBody;
  if (parser && place !== undefined) parser[place] = null;
};
