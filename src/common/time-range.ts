import type { Fault } from './error-table.js';

/** What a list is limited to. */
export interface TimeRange {
  /** At this time or later. */
  readonly from?: Date | undefined;
  /** Before this time. */
  readonly to?: Date | undefined;
}

export const EMPTY_RANGE: Fault = { where: '/to', what: 'must be after from' };

export const rangeFaults = ({ from, to }: TimeRange): readonly Fault[] =>
  from && to && to <= from ? [EMPTY_RANGE] : [];
