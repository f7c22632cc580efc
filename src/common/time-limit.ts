/**
 * Limits on how long others may take: a database, a provider, a receiver. The time in which this process could not listen does not
 * count: its own start, a machine whose processor is taken, a suspended container. Node runs timers before it reads its sockets, so
 * after such a time a plain timer ends a connection whose answer has arrived. Six processes that started side by side on a busy
 * machine lost a connection each to a limit of 1.3 s, of which they had listened for some 10 ms.
 */

/** A limit is counted in this many parts. A part that ends late, because this process was busy, counts as two at most. */
const PARTS = 20;

/**
 * @param limitMs the time to listen, at least; a process that is always busy has at most 21 turns of its event loop
 * @returns ends the limit; called when the others are done
 */
export const startLimit = (limitMs: number, onOver: () => void, { isBackground = false } = {}): (() => void) => {
  const partMs = limitMs / PARTS;
  let leftMs = limitMs;
  let isLastPart = false;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    const begin = performance.now();
    timer = setTimeout(
      () => {
        const tookMs = performance.now() - begin;
        leftMs -= Math.min(tookMs, 2 * partMs);
        if (leftMs <= 0 && tookMs > 2 * partMs && !isLastPart) {
          // What has arrived meanwhile is read in one more part.
          isLastPart = true;
          leftMs = partMs;
        }
        // Sums of fractions are not exact.
        if (leftMs > 0.5) next();
        else onOver();
      },
      Math.min(partMs, leftMs),
    );
    if (isBackground) timer.unref();
  };
  next();
  return () => {
    clearTimeout(timer);
  };
};

/** A signal that aborts after the limit, as `AbortSignal.timeout` does, which counts all time. It keeps no process alive. */
export const limitSignal = (limitMs: number): AbortSignal => {
  const limit = new AbortController();
  startLimit(
    limitMs,
    () => {
      limit.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    },
    { isBackground: true },
  );
  return limit.signal;
};
