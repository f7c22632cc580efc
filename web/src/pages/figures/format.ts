import { useMemo } from 'react';
import { useLanguageTag, useText } from '../../text/language';
import type { Every, Range } from './range';
import { text } from './text';

export type Format = (value: number | null) => string;

export interface Formats {
  readonly count: Format;
  readonly percent: Format;
  readonly seconds: Format;
  /** Such as +12 %. */
  readonly growth: Format;
}

export const useFormats = (): Formats => {
  const t = useText(text);
  const tag = useLanguageTag();
  return useMemo(() => {
    const of = (options: Intl.NumberFormatOptions, key?: 'percent' | 'seconds'): Format => {
      const format = new Intl.NumberFormat(tag, options);
      return (value) => {
        if (value === null) return '–';
        const number = format.format(value);
        return key ? t(key, { value: number }) : number;
      };
    };
    return {
      count: of({ maximumFractionDigits: 0 }),
      percent: of({ maximumFractionDigits: 1 }, 'percent'),
      seconds: of({ maximumFractionDigits: 1 }, 'seconds'),
      growth: of({ maximumFractionDigits: 0, signDisplay: 'exceptZero' }, 'percent'),
    };
  }, [t, tag]);
};

const SHAPES: Readonly<Record<Every, Intl.DateTimeFormatOptions>> = {
  hour: { month: 'short', day: 'numeric', weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  day: { month: 'short', day: 'numeric', weekday: 'short' },
  week: { year: 'numeric', month: 'short', day: 'numeric' },
  month: { year: 'numeric', month: 'long' },
};

/** What a bucket is called. */
export const useSlotName = ({ every, timeZone }: Range): ((from: string) => string) => {
  const tag = useLanguageTag();
  return useMemo(() => {
    const format = new Intl.DateTimeFormat(tag, { ...SHAPES[every], timeZone });
    return (from) => format.format(new Date(from));
  }, [tag, every, timeZone]);
};
