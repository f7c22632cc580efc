/**
 * Which of Twilio's calls came of a dial whose reply was lost. Twilio's record of a call has nothing of ours in it: the address
 * of its callbacks is told in no record before 15 minutes after its end (Events subresource). So a call is recognised by what
 * was dialled, and when, as long as that fits one call alone. Pure.
 */
import { StatusUnavailable, type DialledCall } from '../telephony-provider.js';
import { writeReference, type CallReference } from './call-reference.js';
import type { RecordedLeg } from './fetched-status.js';
import { startOfSecond } from './twilio-time.js';

/** How far Twilio's clock and ours may be apart. */
const CLOCKS_DIFFER_MS = 30_000;

/**
 * @param legs to the caller's phone, from the caller number, in the account
 * @returns null where there is no such call, as yet
 * @throws StatusUnavailable where it may be one of several
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
    throw new StatusUnavailable('Twilio has several calls that the dial may have made, and none says which is its own');
  }
  return possible[0] ?? null;
};
