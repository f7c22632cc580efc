/** A call's changes as server-sent events (WHATWG HTML, 9.2). */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { StateType } from '../record/call-lifecycle.js';
import type { FeedListener } from './change-subscriptions.js';

/** Proxies close a connection that is silent for a minute or less. A comment costs three bytes. */
export const HEARTBEAT_EVERY_MS = 15_000;

/**
 * A client with more unread bytes than this is disconnected. It resumes from the last number it has. A call has few
 * changes.
 */
const MAX_BUFFERED_BYTES = 16 * 1024;

/** The number in Last-Event-ID; null if there is none to resume from. */
export const changeNumberOf = (lastEventId: string | undefined): number | null =>
  lastEventId !== undefined && /^\d{1,7}$/.test(lastEventId) ? Number(lastEventId) : null;

/**
 * Takes over the reply, and sends the head, so that the client knows before the first event that it is connected. Null if the client
 * has disconnected: then 'close' has already fired, and nothing would be released.
 */
export const beginEventStream = (reply: FastifyReply): ServerResponse | null => {
  reply.hijack();
  const { raw } = reply;
  if (raw.destroyed) return null;
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    // A compressing proxy would buffer the events until the stream ends (RFC 9111, 5.2.2.6).
    'cache-control': 'no-store, no-transform',
    // Turns off nginx's buffering of the events.
    'x-accel-buffering': 'no',
  });
  raw.flushHeaders();
  return raw;
};

/**
 * Takes over the reply. Ends it after the end of the call, when a signal of `stops` aborts, or at the first heartbeat
 * after `expiresAt`.
 */
export const sendEvents = (
  reply: FastifyReply,
  call: FollowedCall,
  stops: readonly AbortSignal[],
  expiresAt: number,
): void => {
  const raw = beginEventStream(reply);
  if (!raw) return;
  const write = (text: string): void => {
    if (raw.writableEnded) return;
    if (raw.writableLength > MAX_BUFFERED_BYTES) raw.destroy();
    else raw.write(text);
  };
  const heartbeat = setInterval(() => {
    // The client resumes with a valid token.
    if (Date.now() >= expiresAt) end();
    else write(':\n\n');
  }, HEARTBEAT_EVERY_MS);
  const unsubscribe = call.subscribe((item) => {
    // The client resumes from its last change, possibly at a replica whose version can read the next one.
    if (!item) {
      end();
      return;
    }
    const { data } = item.change;
    write(`id: ${data.number}\ndata: ${item.bytes}\n\n`);
    if (Number(data.stateType) === StateType.over) end();
  });
  const end = (): void => {
    raw.end();
  };
  for (const stop of stops) stop.addEventListener('abort', end);
  raw.once('close', () => {
    clearInterval(heartbeat);
    unsubscribe();
    for (const stop of stops) stop.removeEventListener('abort', end);
  });
  if (stops.some(({ aborted }) => aborted)) end();
};

export interface FollowedCall {
  /** The call is over, and the client has its last change. */
  readonly isToldCompletely: boolean;
  subscribe(listener: FeedListener): () => void;
}
