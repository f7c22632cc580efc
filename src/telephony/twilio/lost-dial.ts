/**
 * Finds the Twilio call of a dial whose reply was lost. Twilio's record of a call contains nothing of ours: the URL of
 * its callbacks appears in no record until 15 minutes after its end (Events subresource). So a call is identified by
 * the dialled numbers and the time, if only one call matches. Pure.
 */
import { StatusUnavailable, type DialledCall } from '../telephony-provider.js';
import { writeReference, type CallReference } from './call-reference.js';
import type { RecordedLeg } from './fetched-status.js';
import { startOfSecond } from './twilio-time.js';

/** The maximum difference between Twilio's clock and ours. */
const CLOCKS_DIFFER_MS = 30_000;

/**
 * @param legs to the caller's phone, from the caller number, in the account
 * @returns null if there is no such call yet
 * @throws StatusUnavailable if several calls match
 */
export const callOfDial = (
  { at, othersIds }: DialledCall,
  accountSid: string,
  legs: readonly RecordedLeg[],
): CallReference | null => {
  const earliest = startOfSecond(at).getTime() - CLOCKS_DIFFER_MS;
  const bySid = new Map(legs.map((leg) => [leg.sid, leg]));
  const possible = [...bySid.values()]
    .filter(({ isLegB, createdAt }) => !isLegB && createdAt.getTime() >= earliest)
    .map(({ sid }): CallReference => ({ accountSid, sid }))
    .filter((reference) => !othersIds.includes(writeReference(reference)));
  if (possible.length > 1) {
    throw new StatusUnavailable('Twilio has several calls that match the dial');
  }
  return possible[0] ?? null;
};
