/**
 * Limits bodies in many small chunks (RFC 9112, 7.1). Node creates a buffer and an event for each chunk: about 400
 * bytes and a few microseconds, even before authentication. So small chunks are joined, and their number is limited by
 * the number of bytes. A body that is not read gets no buffers.
 */
import type { Socket } from 'node:net';

/** More than clients send that write line by line. */
const ALWAYS_ALLOWED = 64;
const MIN_BYTES_A_CHUNK = 64;
/** Smaller chunks are copied into buffers of JOINED_BYTES. */
const SMALL_BYTES = 1024;
const JOINED_BYTES = 4 * 1024;

export class SmallChunks extends Error {
  readonly code = 'RINGBACK_SMALL_CHUNKS';
}

type Callback = (this: object, chunk?: Buffer) => unknown;

/** Node's internal parser. There is no public event for a chunk that is not read yet. */
type Parser = Record<number, Callback | null> & {
  readonly constructor: { readonly kOnBody?: number; readonly kOnMessageComplete?: number };
};

const parserOf = (socket: Socket): Parser | null | undefined =>
  (socket as Socket & { readonly parser?: Parser | null }).parser;

/** The chunk counter of a connection. */
export interface BodyChunks {
  /** A new request begins. */
  begin(): void;
}

/** @param refuse called once, for the first chunk above the limit */
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
    if (chunks > ALWAYS_ALLOWED + bytes / MIN_BYTES_A_CHUNK) {
      // The parser continues to the end of the read, without creating buffers.
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
  // Node reuses its parsers and expects these callbacks.
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

/** Input of a closing connection is parsed without creating buffers. */
export const dropBody = (socket: Socket): void => {
  const parser = parserOf(socket);
  const place = parser?.constructor.kOnBody;
  if (parser && place !== undefined) parser[place] = null;
};
