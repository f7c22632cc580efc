/** The filters of the search as the address has them, and as the API takes them. */
import type { operations } from '../../api/schema';
import { isDay } from '../../parts/day';
import { TIME_ZONE } from '../../parts/time';

export const CALL_FILTERS = [
  'phone',
  'userId',
  'callerId',
  'calleeId',
  'stateType',
  'endReason',
  'open',
  'completed',
  'provider',
  'from',
  'to',
  'timeZone',
] as const;

export type CallSearch = Partial<Record<(typeof CALL_FILTERS)[number], string>>;

type Query = NonNullable<operations['searchCalls']['parameters']['query']>;

/** The service says what is wrong with a value that somebody has typed into the address. */
export const queryOf = ({ stateType, endReason, open, completed, ...texts }: CallSearch): Query => ({
  ...texts,
  timeZone: texts.timeZone ?? TIME_ZONE,
  ...(stateType !== undefined && { stateType: stateType.split(',') as NonNullable<Query['stateType']> }),
  ...(endReason !== undefined && { endReason: endReason.split(',') as NonNullable<Query['endReason']> }),
  ...(open !== undefined && { open: open as unknown as boolean }),
  ...(completed !== undefined && { completed: completed as unknown as boolean }),
});

/** A day means a zone: who gets the address elsewhere shall see the same calls. */
export const withZone = ({ timeZone, ...search }: CallSearch): CallSearch => {
  const isOfDays = [search.from, search.to].some((text) => text !== undefined && isDay(text));
  const zone = timeZone ?? (isOfDays ? TIME_ZONE : undefined);
  return { ...search, ...(zone !== undefined && { timeZone: zone }) };
};

/** For times: the one of the address, if there is such a zone. */
export const zoneOf = ({ timeZone = TIME_ZONE }: CallSearch): string => {
  try {
    Intl.DateTimeFormat('en', { timeZone });
    return timeZone;
  } catch {
    return TIME_ZONE;
  }
};
