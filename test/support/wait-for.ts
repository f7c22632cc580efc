import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition, not for a time: after the limit, it fails. */
export const waitFor = async <T>(
  what: string,
  condition: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  limitMs = 10_000,
): Promise<T> => {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const result = await condition();
    if (result !== undefined && result !== false && result !== null) return result;
    if (performance.now() > deadline) throw new Error(`${what}: did not happen within ${limitMs} ms`);
    await sleep(5);
  }
};
