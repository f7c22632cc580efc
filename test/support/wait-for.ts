import { setTimeout as sleep } from 'node:timers/promises';

/** At first, so that what comes at once is seen at once. */
const SHORTEST_PAUSE_MS = 5;
/** A look costs a request or a statement. Looks that come later by a twentieth of the time waited save most of them. */
const LONGEST_PAUSE_MS = 50;

/**
 * Waits for a condition, not for a time: after the limit, it fails. A machine that gives the tests a part of its processor takes
 * longer for what is waited for and for each look alike, so the limit counts in looks too.
 */
export const waitFor = async <T>(
  what: string,
  condition: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  limitMs = 10_000,
): Promise<T> => {
  const begin = performance.now();
  for (let looks = 1; ; looks++) {
    const result = await condition();
    if (result !== undefined && result !== false && result !== null) return result;
    const waited = performance.now() - begin;
    if (waited > limitMs && looks > limitMs / (2 * LONGEST_PAUSE_MS)) {
      throw new Error(`${what}: did not happen within ${limitMs} ms`);
    }
    await sleep(Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS + waited / 20));
  }
};
