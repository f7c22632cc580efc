/** Opening hours as they are shown and written. */
import type { Schemas } from '../../api/client';

export const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Day = (typeof DAYS)[number];

type Week = Schemas['OpeningWeek'];

export interface DaysAlike {
  readonly first: Day;
  readonly last: Day;
  readonly ranges: readonly string[];
}

/** Neighbouring days with the same hours are one; closed days are left out. */
export const daysAlike = (week: Week): DaysAlike[] => {
  const groups: DaysAlike[] = [];
  let previous = '';
  for (const day of DAYS) {
    const ranges = week[day] ?? [];
    const key = ranges.join();
    const last = groups.at(-1);
    if (key !== '' && key === previous && last) groups[groups.length - 1] = { ...last, last: day };
    else if (key !== '') groups.push({ first: day, last: day, ranges });
    previous = key;
  }
  return groups;
};

/** What stands between commas, also Chinese ones, or blanks. */
export const partsIn = (text: string): string[] => text.split(/[\s,，、;；]+/).filter((part) => part !== '');
