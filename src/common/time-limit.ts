/**
 * Limits on how long others may take: a database, a provider, a receiver. The time in which this process could not listen does not
 * count: its own start, a machine whose processor is taken, a suspended container. Node runs timers before it reads its sockets, so
 * after such a time a plain timer ends a connection whose answer has arrived. Six processes that started side by side on a busy
 * machine lost a connection each to a limit of 1.3 s, of which they had listened for some 10 ms.
 */

/** A limit is counted in this many parts. A part that ends late, because this process was busy, counts as two at most. */
const PARTS = 10;
/** By which timers are late in a process that is not busy. */
const USUAL_DELAY_MS = 5;
/** Enough to read what has arrived. */
const LAST_PART_MS = 25;
/** Sums of fractions are not exact. */
const NOTHING_MS = 0.5;

/**
 * @param limitMs for a process that listens all the time; one that is always busy has at most 11 turns of its event loop
 * @returns ends the limit; called when the others are done
 */
export const startLimit = (limitMs: number, onOver: () => void, { isBackground = false } = {}): (() => void) => {
  const partMs = limitMs / PARTS;
  let leftMs = limitMs;
  let isLastPart = false;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    const begin = performance.now();
    const plannedMs = Math.min(partMs, leftMs);
    timer = setTimeout(() => {
      const tookMs = performance.now() - begin;
      leftMs -= Math.min(tookMs, 2 * partMs);
      if (leftMs <= NOTHING_MS && tookMs > plannedMs + USUAL_DELAY_MS && !isLastPart) {
        // What has arrived meanwhile is read in one more part.
        isLastPart = true;
        leftMs = LAST_PART_MS;
      }
      if (leftMs > NOTHING_MS) next();
      else onOver();
    }, plannedMs);
    if (isBackground) timer.unref();
  };
  next();
  return () => {
    clearTimeout(timer);
  };
};

/**
 * The signal aborts after the limit, as that of `AbortSignal.timeout` does, which counts all time. Nothing is left of the limit when the
 * work is done. It keeps no process alive.
 */
export const withinLimit = async <T>(limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const limit = new AbortController();
  const onOver = (): void => {
    limit.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  };
  const endLimit = startLimit(limitMs, onOver, { isBackground: true });
  try {
    return await work(limit.signal);
  } finally {
    endLimit();
  }
};
