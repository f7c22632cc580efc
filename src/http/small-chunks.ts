/**
 * A body in many small chunks (RFC 9112, 7.1). Each of them becomes a buffer and an event of its own: 360 KB that bring 60,000
 * bytes one by one cost 20 MB and 200 ms, for anybody, before it is known who asks. So a connection may send only so many for its
 * bytes, and from then on its parser reports no more of them.
 */
import type { Socket } from 'node:net';

/** What clients send that write a line at a time, and then some. */
const ALWAYS_ALLOWED = 64;
const LEAST_BYTES_A_CHUNK = 64;

export class SmallChunks extends Error {
  readonly code = 'RINGBACK_SMALL_CHUNKS';
}

type OnBody = (this: object, chunk: Buffer) => void;

/** Node's own, which has no public way to hear of a chunk that nobody reads yet. */
type Parser = Record<number, OnBody | null> & { readonly constructor: { readonly kOnBody?: number } };

/** @param refuse called once, at the chunk that is one too many */
export const limitSmallChunks = (socket: Socket, refuse: (error: SmallChunks) => void): void => {
  const { parser } = socket as Socket & { readonly parser?: Parser | null };
  const place = parser?.constructor.kOnBody;
  if (!parser || place === undefined) return;
  const onBody = parser[place];
  let chunks = 0;
  let bytes = 0;
  parser[place] = function (chunk) {
    chunks++;
    bytes += chunk.length;
    if (chunks <= ALWAYS_ALLOWED + bytes / LEAST_BYTES_A_CHUNK) {
      onBody?.call(this, chunk);
      return;
    }
    // The parser goes on to the end of what was read, and makes no buffers any more.
    parser[place] = null;
    refuse(new SmallChunks('the body comes in too many small chunks'));
  };
  // Node uses its parsers again, and puts this one back by then.
  socket.once('close', () => {
    parser[place] = onBody ?? null;
  });
};
