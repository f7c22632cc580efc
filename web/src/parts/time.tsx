/** Times and durations. Times are shown in the browser's time zone, which the foot of the navigation names. */
import { useMemo } from 'react';
import { useLanguageTag } from '../text/language';

export const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Such as "UTC+8". */
export const offsetOfZone = (at = new Date()): string =>
  Intl.DateTimeFormat('en', { timeZoneName: 'shortOffset' })
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName')
    ?.value.replace('GMT', 'UTC') ?? '';

type Style = 'time' | 'date' | 'both';

const OPTIONS: Readonly<Record<Style, Intl.DateTimeFormatOptions>> = {
  time: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  date: { year: 'numeric', month: 'short', day: 'numeric' },
  both: {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  },
};

/** @param zone if it is not the browser's */
export const useTimeFormat = (style: Style = 'both', zone = TIME_ZONE): ((at: string | Date) => string) => {
  const tag = useLanguageTag();
  return useMemo(() => {
    const format = new Intl.DateTimeFormat(tag, { ...OPTIONS[style], timeZone: zone });
    return (at) => format.format(new Date(at));
  }, [tag, style, zone]);
};

interface Props {
  /** As the API has it; null for never. */
  readonly at: string | null;
  readonly style?: Style;
  /** If it is not the browser's. */
  readonly zone?: string;
}

/** With the time in UTC, to the millisecond, for those who point at it. */
export const Time = ({ at, style = 'both', zone = TIME_ZONE }: Props) => {
  const format = useTimeFormat(style, zone);
  if (at === null) return '–';
  return (
    <time dateTime={at} title={at}>
      {format(at)}
    </time>
  );
};

/** Such as 0:07, 12:05 or 1:02:03. */
export const durationText = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, place) => (place === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
};

export const Duration = ({ seconds }: { readonly seconds: number | null }) =>
  seconds === null ? '–' : <span className="number">{durationText(seconds)}</span>;
