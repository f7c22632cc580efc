/** Times by the clock of a zone. Pure, and without imports: a test runs it in Node. */

const DAY_MS = 86_400_000;

/** By which the zone's clock is ahead of UTC. None for a zone that the browser does not know: the service refuses it, with its reason. */
const offsetAt = (at: number, timeZone: string): number => {
  const second = Math.floor(at / 1_000) * 1_000;
  try {
    // The form of Sweden is that of ISO 8601, with a blank for the T.
    const format = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    return Date.parse(`${format.format(second).replace(' ', 'T')}Z`) - second;
  } catch {
    return 0;
  }
};

/** The same time of the clock, so many days later. A day on which the clocks change has 23 or 25 hours. */
export const sameClock = (at: number, days: number, timeZone: string): number => {
  const there = at + days * DAY_MS;
  return there + offsetAt(at, timeZone) - offsetAt(there, timeZone);
};
