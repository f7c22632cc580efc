/** A range of times of day, such as 09:00-18:00. If it ends no later than it begins, it ends on the next day. */

export interface TimesOfDay {
  /** In minutes since midnight, 0 to 1439. */
  readonly from: number;
  /** 0 to 1440, and never the same as `from`. */
  readonly to: number;
}

export const DAY_MINUTES = 1_440;

const TIMES_OF_DAY = /^((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d|24:00)$/;

/** @returns null for another text */
export const readTimesOfDay = (text: string): TimesOfDay | null => {
  const [, begin, end] = TIMES_OF_DAY.exec(text) ?? [];
  if (begin === undefined || end === undefined) return null;
  const times = { from: minuteOf(begin), to: minuteOf(end) };
  return times.from === times.to ? null : times;
};

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** On any day. */
export const isWithin = ({ from, to }: TimesOfDay, minute: number): boolean =>
  to > from ? minute >= from && minute < to : minute >= from || minute < to;
