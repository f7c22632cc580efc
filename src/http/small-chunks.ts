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

/**
 * Node's internal parser. There is no public event for a chunk that is not read yet. Node keeps parsers in one pool for
 * all servers and clients of the process, and may hand a parser to the next connection before the last one is closed: a
 * refused CONNECT does so. So what we put into a parser stays there, works for any connection, and looks up the state
 * by the socket that has the parser now.
 */
interface Parser {
  [place: number]: Callback | null;
  readonly socket?: Socket | null;
  readonly constructor: { readonly kOnBody?: number; readonly kOnMessageComplete?: number };
}

type Callback = (this: Parser, chunk?: Buffer) => unknown;

interface BodyState {
  chunks: number;
  bytes: number;
  joined: Buffer | undefined;
  length: number;
  /** The connection is closing. */
  isDropped: boolean;
  /** Set while the parser creates no buffers: within one body, so that no other connection gets such a parser. */
  isMuted: boolean;
  refuse(error: SmallChunks): void;
}

const states = new WeakMap<Socket, BodyState>();
const stateOf = ({ socket }: Parser): BodyState | undefined => (socket ? states.get(socket) : undefined);

/** The first that this process has seen: Node has the same for all parsers. */
let nodesOnBody: Callback | null = null;
let nodesOnEnd: Callback | null = null;

const onBody: Callback = function (chunk = Buffer.alloc(0)) {
  const state = stateOf(this);
  if (!state) return nodesOnBody?.call(this, chunk);
  if (state.isDropped) {
    mute(this, state);
    return;
  }
  state.chunks++;
  state.bytes += chunk.length;
  if (state.chunks > ALWAYS_ALLOWED + state.bytes / MIN_BYTES_A_CHUNK) {
    mute(this, state);
    state.refuse(new SmallChunks('the body comes in too many small chunks'));
    return;
  }
  if (chunk.length >= SMALL_BYTES || state.chunks === 1) {
    flush(this, state);
    return nodesOnBody?.call(this, chunk);
  }
  if (state.length + chunk.length > JOINED_BYTES) flush(this, state);
  state.joined ??= Buffer.allocUnsafe(JOINED_BYTES);
  state.length += chunk.copy(state.joined, state.length);
};

const onEnd: Callback = function () {
  const state = stateOf(this);
  if (state) {
    flush(this, state);
    unmute(this, state);
  }
  return nodesOnEnd?.call(this);
};

const flush = (parser: Parser, state: BodyState): void => {
  const { joined, length } = state;
  forget(state);
  if (joined && length > 0) nodesOnBody?.call(parser, joined.subarray(0, length));
};

const forget = (state: BodyState): void => {
  state.joined = undefined;
  state.length = 0;
};

const mute = (parser: Parser, state: BodyState): void => {
  forget(state);
  const place = parser.constructor.kOnBody;
  if (place === undefined) return;
  state.isMuted = true;
  parser[place] = null;
};

const unmute = (parser: Parser, state: BodyState): void => {
  const place = parser.constructor.kOnBody;
  if (!state.isMuted || place === undefined) return;
  state.isMuted = false;
  parser[place] = onBody;
};

/** The chunk counter of a connection. */
export interface BodyChunks {
  /** A new request begins. */
  begin(): void;
}

/** @param refuse called once, for the first chunk above the limit */
export const limitSmallChunks = (socket: Socket, refuse: (error: SmallChunks) => void): BodyChunks => {
  const { parser } = socket as Socket & { readonly parser?: Parser | null };
  const { kOnBody: body, kOnMessageComplete: end } = parser?.constructor ?? {};
  if (!parser || body === undefined || end === undefined) return { begin: () => undefined };
  if (parser[body] !== onBody) {
    nodesOnBody ??= parser[body] ?? null;
    nodesOnEnd ??= parser[end] ?? null;
    parser[body] = onBody;
    parser[end] = onEnd;
  }
  const state: BodyState = {
    chunks: 0,
    bytes: 0,
    joined: undefined,
    length: 0,
    isDropped: false,
    isMuted: false,
    refuse,
  };
  states.set(socket, state);
  // In the same turn in which Node returns the parser to its pool.
  socket.once('close', () => {
    unmute(parser, state);
    states.delete(socket);
  });
  return {
    begin: () => {
      state.chunks = 0;
      state.bytes = 0;
      forget(state);
    },
  };
};

/** From the next chunk on, input of a closing connection is parsed without creating buffers. */
export const dropBody = (socket: Socket): void => {
  const state = states.get(socket);
  if (state) state.isDropped = true;
};
