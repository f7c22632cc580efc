/**
 * Limits of a client connection. Node parses all requests of one read, so 64 KB of pipelined requests become 1,400
 * responses in memory, for a client that may never read them. Here pipelined requests are processed one by one. The
 * next request starts when the previous response is flushed to the socket, and the socket is not read until then.
 */
import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Draining } from '../common/draining.js';
import { closeSlowly } from './slow-close.js';
import { limitSmallChunks, type BodyChunks } from './small-chunks.js';

interface ConnectionLimits {
  /** Ten thousand event streams and as many polling clients, at about 20 KB each. More clients need more processes. */
  readonly connections: number;
  /** Header lines of all waiting requests except the first; each line is two strings. */
  readonly waitingHeaders: number;
  /**
   * Requests that wait behind the current one, at about 4 KB each. Browsers, proxies and HTTP libraries do not pipeline
   * by default; load generators send about ten.
   */
  readonly waiting: number;
  /** A client that reads none of its waiting bytes is disconnected after this many checks. */
  readonly checksWithoutProgress: number;
  readonly checkEveryMs: number;
}

export const LIMITS: ConnectionLimits = {
  connections: 20_000,
  waitingHeaders: 160,
  waiting: 16,
  checksWithoutProgress: 4,
  checkEveryMs: 15_000,
};

/**
 * Proxies and browsers send about 30. A header of seven bytes becomes two strings, so 64 KB of them would need 600 KB
 * of memory. Node silently drops headers above its limit; bad-heads.ts refuses such a request.
 */
export const MAX_HEADERS = 100;

type ClientErrorListener = (error: Error, socket: Socket) => void;

/**
 * Call it before the server listens. It also counts the requests in flight, because a second listener on each response
 * would cost 5 %.
 */
export const limitConnections = (server: Server, draining: Draining, limits: ConnectionLimits = LIMITS): void => {
  const [handle] = server.listeners('request') as RequestListener[];
  if (!handle) throw new Error('the HTTP server has no request listener');
  const pipelines = new Map<Socket, Pipeline>();
  server.maxConnections = limits.connections;
  server.maxHeadersCount = MAX_HEADERS;
  const [refuse] = server.listeners('clientError') as ClientErrorListener[];
  server.on('connection', (socket: Socket) => {
    const pipeline = new Pipeline(socket, handle, draining, limits);
    pipelines.set(socket, pipeline);
    socket.once('close', () => pipelines.delete(socket));
    pipeline.body = limitSmallChunks(socket, (error) => {
      pipeline.fail(() => refuse?.(error, socket));
    });
  });
  server.off('request', handle);
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    pipelines.get(request.socket)?.take(request, response);
  };
  server.on('request', take);
  // RFC 9110, 10.1.1: an unknown expectation may be ignored. Node would answer 417 by itself, without any limit.
  server.on('checkExpectation', take);
  // Node would send 100 Continue by itself; request-bodies.ts sends it when the body is read.
  server.on('checkContinue', take);
  if (refuse) {
    server.off('clientError', refuse);
    server.on('clientError', (error, socket: Socket) => {
      pipelines.get(socket)?.fail(() => {
        refuse(error, socket);
      });
    });
  }
  const checks = setInterval(() => {
    for (const pipeline of pipelines.values()) pipeline.checkProgress();
  }, limits.checkEveryMs).unref();
  server.once('close', () => {
    clearInterval(checks);
  });
};

/**
 * Node has no public way to stop its parser within a read. It would create all requests of the read and keep them until
 * the end of the connection: up to 4 MB of short pipelined requests.
 */
const stopParser = ({ parser }: Socket & { readonly parser?: { onIncoming?: unknown } | null }): void => {
  if (parser) parser.onIncoming = () => PARSE_NO_MORE;
};

/** A return value of the parser's onIncoming: the protocol changes, and the following bytes are not HTTP. */
const PARSE_NO_MORE = 2;

class Pipeline {
  private current: readonly [IncomingMessage, ServerResponse] | undefined;
  body: BodyChunks | undefined;
  private waiting: [IncomingMessage, ServerResponse][] | undefined;
  private refuse: (() => void) | undefined;
  private flushed = -1;
  private checksWithoutProgress = 0;

  constructor(
    private readonly socket: Socket,
    private readonly handle: RequestListener,
    private readonly draining: Draining,
    private readonly limits: ConnectionLimits,
  ) {}

  take(request: IncomingMessage, response: ServerResponse): void {
    this.body?.begin();
    // A request after a response that closes the connection. Node would keep each of them and end them one by one: 4 MB
    // of short requests block the process for ten seconds.
    if (!this.socket.writable) {
      stopParser(this.socket);
      return;
    }
    if (!this.current) {
      this.begin(request, response);
      return;
    }
    this.waiting ??= [];
    if (this.waiting.push([request, response]) > this.limits.waiting || this.waitsWithTooManyHeaders()) {
      this.waiting = undefined;
      stopParser(this.socket);
      this.socket.destroy();
    } else this.socket.pause();
  }

  private waitsWithTooManyHeaders(): boolean {
    const [, ...others] = this.waiting ?? [];
    return others.reduce((sum, [{ rawHeaders }]) => sum + rawHeaders.length / 2, 0) > this.limits.waitingHeaders;
  }

  /**
   * The last request is malformed or did not arrive in time. It is refused once the requests before it are answered.
   */
  fail(refuse: () => void): void {
    if (!this.socket.writable) return;
    if (this.current?.[0].complete) {
      this.refuse ??= refuse;
      this.socket.pause();
    } else if (this.current?.[1].headersSent) this.socket.destroy();
    else refuse();
  }

  /** The buffer of an unread event stream grows by heartbeats, so the flushed bytes count. */
  checkProgress(): void {
    const { writableLength, bytesWritten } = this.socket;
    const flushed = bytesWritten - writableLength;
    const isStuck = writableLength > 0 && flushed === this.flushed;
    this.checksWithoutProgress = isStuck ? this.checksWithoutProgress + 1 : 0;
    this.flushed = flushed;
    if (this.checksWithoutProgress >= this.limits.checksWithoutProgress) this.socket.destroy();
  }

  private begin(request: IncomingMessage, response: ServerResponse): void {
    this.current = [request, response];
    this.draining.enter();
    response.on('close', this.finish);
    this.handle(request, response);
  }

  // One function for all responses of the connection, to spare the garbage collector.
  private readonly finish = (): void => {
    // In a later turn. A response within the read of its request, such as a refusal, would free a place for the next
    // request of that read. So a read could start any number of requests.
    setImmediate(this.goOn);
  };

  private readonly goOn = (): void => {
    const isWhole = this.current?.[0].complete;
    this.current = undefined;
    this.draining.leave();
    // The request is answered. Without this, Node would answer it again when its time is over.
    if (!isWhole) closeSlowly(this.socket);
    // A response that closes the connection has ended the socket. Node never assigns the socket to another response, so
    // none would emit 'close'. Listeners of the waiting requests would leak, and a drain would wait for them.
    if (!this.socket.writable) this.waiting = undefined;
    else if (this.refuse && !this.waiting?.[0]?.[0].complete) this.refuse();
    else this.beginNext();
  };

  // In the connection's context. In that of the response before, the next request would have the log lines and the trace of
  // another one.
  private readonly beginNext = AsyncResource.bind((): void => {
    if (!this.waiting) return;
    const next = this.waiting.shift();
    if (this.waiting.length === 0) {
      this.waiting = undefined;
      // Node pauses a socket with unsent data. This one has flushed its response.
      if (!this.refuse) this.socket.resume();
    }
    if (next) this.begin(...next);
  });
}
