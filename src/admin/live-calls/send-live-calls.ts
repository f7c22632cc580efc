/** Writes what a desk is sent, as fast as it reads. */
import { once } from 'node:events';
import type { FastifyReply } from 'fastify';
import { TooSlow, type LiveItem } from '../../call/live/live-calls.service.js';
import { beginEventStream, HEARTBEAT_EVERY_MS } from '../../call/updates/event-stream.js';
import type { DeskView } from './desk-view.js';

/**
 * Takes over the reply. Ends it when `stop` aborts, and cuts a client that reads nothing from one heartbeat to the next, or more
 * slowly than changes come. A client that comes back resumes from the last id that it has.
 * @param end ends the stream
 */
export const sendLiveCalls = async (
  reply: FastifyReply,
  view: DeskView,
  items: AsyncGenerator<LiveItem, void, void>,
  { stop, end, expiresAt }: { readonly stop: AbortSignal; readonly end: () => void; readonly expiresAt: number },
): Promise<void> => {
  // Fails before the head is sent, so with a status, if the database is unavailable.
  let item = await items.next();
  const raw = beginEventStream(reply);
  if (!raw) {
    await items.return();
    return;
  }
  let isWaiting = false;
  let hasWaited = false;
  const heartbeat = setInterval(() => {
    // The client resumes with a valid token.
    if (Date.now() >= expiresAt) end();
    if (hasWaited) raw.destroy();
    hasWaited = isWaiting;
    if (!isWaiting && !raw.writableEnded) raw.write(':\n\n');
  }, HEARTBEAT_EVERY_MS);
  try {
    for (; !item.done && !stop.aborted; item = await items.next()) {
      const text = await view.textOf(item.value);
      if (text === '' || raw.write(text)) continue;
      isWaiting = true;
      // Aborts when the client disconnects.
      await once(raw, 'drain', { signal: stop }).catch(() => undefined);
      isWaiting = hasWaited = false;
    }
    raw.end();
  } catch (error) {
    raw.destroy();
    if (!(error instanceof TooSlow)) throw error;
  } finally {
    clearInterval(heartbeat);
    await items.return();
  }
};
