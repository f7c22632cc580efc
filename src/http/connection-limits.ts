/**
 * Limits of one client connection. Node parses every request of a read at once, so 64 KB of pipelined requests become 1,400
 * responses that wait in memory for a client which may never read. Here a pipeline is processed one request after the other:
 * the next request begins when the response before it is flushed to the socket, and nothing more is read until then.
 */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Draining } from '../common/draining.js';
import { closeSlowly } from './slow-close.js';
import { limitSmallChunks, type BodyChunks } from './small-chunks.js';

interface ConnectionLimits {
  /** Ten thousand event streams and as many pollers, at some 20 KB each; more processes are the answer to more clients. */
  readonly connections: number;
  /** Header lines of those that wait, beyond the first of them: each is two strings. */
  readonly waitingHeaders: number;
  /**
   * Requests that wait behind the one in progress, at some 4 KB each. No browser, proxy or HTTP library pipelines by itself;
   * load generators send ten or so.
   */
  readonly waiting: number;
  /** A client that takes none of the bytes that wait for it is disconnected after this many checks. */
  readonly checksWithoutProgress: number;
  readonly checkEveryMs: number;
}

const LIMITS: ConnectionLimits = {
  connections: 20_000,
  waitingHeaders: 160,
  waiting: 16,
  checksWithoutProgress: 4,
  checkEveryMs: 15_000,
};

/**
 * Proxies and browsers send some 30. A header of seven bytes becomes two strings, so that 64 KB of them would be 600 KB in memory.
 * Node drops those beyond its limit in silence; http-server.ts refuses the request.
 */
export const MOST_HEADERS = 100;

type ClientErrorListener = (error: Error, socket: Socket) => void;

/** Before the server listens. Also counts what is in flight, because a second listener on each response costs 5 %. */
export const limitConnections = (server: Server, draining: Draining, limits: ConnectionLimits = LIMITS): void => {
  const [handle] = server.listeners('request') as RequestListener[];
  if (!handle) throw new Error('the HTTP server has no request listener');
  const pipelines = new Map<Socket, Pipeline>();
  server.maxConnections = limits.connections;
  server.maxHeadersCount = MOST_HEADERS;
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
  // RFC 9110, 10.1.1: an expectation that is not known may be ignored. Node would answer 417 by itself, to any number.
  server.on('checkExpectation', take);
  // Node would ask for the body by itself; request-bodies.ts does where it is read.
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
 * Node has no public way to stop its parser within a read. It would make all requests of the read, and keep each of them until
 * the end of the connection is processed: 4 MB, where a client has pipelined short ones.
 */
const stopParser = ({ parser }: Socket & { readonly parser?: { onIncoming?: unknown } | null }): void => {
  if (parser) parser.onIncoming = () => PARSE_NO_MORE;
};

/** Of the parser's onIncoming: the protocol changes, and what follows is no HTTP. */
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
    // Behind a response that closes the connection. Node would keep each request until then, and end them one by one: 4 MB of short
    // ones keep everybody waiting for ten seconds.
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

  /** What came last is no request, or has not come whole in time: it is refused when the requests before it are answered. */
  fail(refuse: () => void): void {
    if (!this.socket.writable) return;
    if (this.current?.[0].complete) {
      this.refuse ??= refuse;
      this.socket.pause();
    } else if (this.current?.[1].headersSent) this.socket.destroy();
    else refuse();
  }

  /** An event stream that is not read grows by its heartbeats: what counts is how much has left. */
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

  // One for all responses of the connection: what is made for each is work for the garbage collector.
  private readonly finish = (): void => {
    // On a later turn: a response that is made within the read of its request, as to a refused one with a body, would make room
    // for the next one of that read, and so for any number.
    setImmediate(this.goOn);
  };

  private readonly goOn = (): void => {
    const isWhole = this.current?.[0].complete;
    this.current = undefined;
    this.draining.leave();
    // It has had its response, and would get another when its time is over.
    if (!isWhole) closeSlowly(this.socket);
    // A response that closes the connection has ended the socket. Node gives no other response that socket, so none would
    // ever emit 'close': what its request registers would stay, and a drain would wait for it.
    if (!this.socket.writable) this.waiting = undefined;
    else if (this.refuse && !this.waiting?.[0]?.[0].complete) this.refuse();
    else this.beginNext();
  };

  private beginNext(): void {
    if (!this.waiting) return;
    const next = this.waiting.shift();
    if (this.waiting.length === 0) {
      this.waiting = undefined;
      // Node itself pauses a socket that does not drain. This one has: its response is flushed.
      if (!this.refuse) this.socket.resume();
    }
    if (next) this.begin(...next);
  }
}
