import type { Duplex } from 'node:stream';
import WebSocket from 'ws';
import { readJson, readObject, UnexpectedShape } from '../../common/foreign-json.js';
import { sharedLookup } from '../../common/shared-lookup.js';
import { startLimit } from '../../common/time-limit.js';

export interface AriEvent {
  readonly type: string;
  readonly timestamp?: string;
  readonly dialstatus?: string;
  readonly caller?: { readonly id?: string };
  readonly peer?: { readonly id?: string };
  readonly userevent?: Readonly<Record<string, string>>;
}

export interface SocketListener {
  /** Runs before any event. Rejects if the socket is not usable yet. */
  prepare(): Promise<void>;
  onOpen(): void;
  onEvent(event: AriEvent): void;
  onLost(error: Error): void;
}

/** Detects a connection whose peer has vanished silently: the pong is missing. */
const PING_EVERY_MS = 2_000;
const OPEN_LIMIT_MS = 3_500;
/** An event with all variables of a channel has a few KB. */
const LONGEST_EVENT_BYTES = 1024 * 1024;
/** The delays before the first and any later attempt to reconnect. A restart of Asterisk takes about a second. */
const RETRY_MS = { min: 250, max: 5_000 };

/** An event socket that reconnects whenever it is lost. */
export class EventSocket {
  private socket: WebSocket | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly authorization: string,
    private readonly listener: SocketListener,
    /** A connection through a proxy; undefined for a direct one. */
    private readonly openTunnel: (url: string) => Promise<Duplex | undefined> = async () => undefined,
  ) {}

  get isOpen(): boolean {
    return this.socket !== undefined;
  }

  /** Resolves when the socket is open, or the first attempt has failed; attempts continue. */
  async open(): Promise<void> {
    let tunnel: Duplex | undefined;
    try {
      tunnel = await this.openTunnel(this.url);
    } catch (error) {
      this.openLater(error as Error);
      return;
    }
    const socket = new WebSocket(this.url, {
      headers: { authorization: this.authorization },
      handshakeTimeout: OPEN_LIMIT_MS,
      maxPayload: LONGEST_EVENT_BYTES,
      lookup: sharedLookup,
      ...(tunnel && { createConnection: () => tunnel }),
    });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('open', resolve).once('error', reject);
      });
      await this.listener.prepare();
      if (socket.readyState !== WebSocket.OPEN) throw new Error('closed immediately after it was opened');
    } catch (error) {
      socket.on('error', () => undefined).terminate();
      this.openLater(error as Error);
      return;
    }
    if (this.closed) socket.terminate();
    else this.keep(socket);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.terminate();
    this.socket = undefined;
  }

  private keep(socket: WebSocket): void {
    this.socket = socket;
    this.failures = 0;
    let answered = true;
    let endLimit: () => void;
    const watch = (): void => {
      endLimit = startLimit(PING_EVERY_MS, () => {
        if (!answered) {
          socket.terminate();
          return;
        }
        answered = false;
        socket.ping();
        watch();
      });
    };
    watch();
    let problem = new Error('the event socket was closed');
    socket.on('pong', () => (answered = true));
    socket.on('error', (error) => (problem = error));
    socket.on('message', (data: Buffer) => {
      try {
        this.read(data.toString('utf8'));
      } catch (error) {
        // The socket is no longer reliable. When it is open again, the status of the open calls is fetched.
        problem = error as Error;
        socket.terminate();
      }
    });
    socket.once('close', () => {
      endLimit();
      if (this.socket !== socket) return;
      this.socket = undefined;
      this.openLater(problem);
    });
    this.listener.onOpen();
  }

  private read(text: string): void {
    const event = eventIn(text);
    if (event.type === 'ApplicationReplaced')
      throw new Error('another client has connected with the same application name');
    this.listener.onEvent(event);
  }

  private openLater(error: Error): void {
    if (this.closed) return;
    if (this.failures === 0) this.listener.onLost(error);
    const delayMs = Math.min(RETRY_MS.min * 2 ** this.failures++, RETRY_MS.max);
    this.timer = setTimeout(() => void this.open(), delayMs * (0.8 + Math.random() * 0.4));
  }
}

/**
 * Other dialplans send user events too: fields of another type are dropped, the rest is read.
 * @throws UnexpectedShape
 */
const eventIn = (text: string): AriEvent => {
  const { type, timestamp, dialstatus, caller, peer, userevent } = readObject('the event', readJson(text));
  if (typeof type !== 'string') throw new UnexpectedShape('the event has no type');
  const [callerId, peerId] = [textsIn(caller).id, textsIn(peer).id];
  return {
    type,
    ...(typeof timestamp === 'string' && { timestamp }),
    ...(typeof dialstatus === 'string' && { dialstatus }),
    ...(callerId !== undefined && { caller: { id: callerId } }),
    ...(peerId !== undefined && { peer: { id: peerId } }),
    ...(userevent !== undefined && { userevent: textsIn(userevent) }),
  };
};

const textsIn = (value: unknown): Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(
        Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      )
    : {};
