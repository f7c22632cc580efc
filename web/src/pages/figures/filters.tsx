import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { dayFieldType } from '../../parts/day';
import { FilterBar, type Filter } from '../../parts/filter-bar';
import { TIME_ZONE } from '../../parts/time';
import { useText } from '../../text/language';
import { dayAfter, possible, todayIn, type FigureSearch, type Range } from './range';
import { text } from './text';

interface Props {
  readonly search: FigureSearch;
  readonly range: Range;
  /** That have calls in the range. */
  readonly providers: readonly string[];
  readonly onChange: (search: FigureSearch) => void;
}

/** A day means a zone: who gets the address elsewhere shall see the same figures. */
const withZone = (search: FigureSearch): FigureSearch =>
  search.from === undefined && search.to === undefined ? search : { timeZone: TIME_ZONE, ...search };

export const Filters = ({ search, range, providers, onChange }: Props) => {
  const t = useText(text);
  const { from, to } = range;
  const { provider, timeZone } = search;
  const filters = useMemo((): readonly Filter<keyof FigureSearch>[] => {
    const choices = [...new Set([...providers, ...(provider === undefined ? [] : [provider])])];
    const zones = [...new Set(['UTC', timeZone ?? 'UTC'])].filter((zone) => zone !== TIME_ZONE);
    return [
      { name: 'from', label: t('from'), type: dayFieldType(from) },
      { name: 'to', label: t('to'), type: dayFieldType(to) },
      {
        name: 'every',
        label: t('every'),
        any: t('usual'),
        options: possible({ from, to }).map((value) => ({ value, label: t(`every.${value}`) })),
      },
      { name: 'provider', label: t('provider'), options: choices.map((value) => ({ value, label: value })) },
      { name: 'timeZone', label: t('zone'), any: TIME_ZONE, options: zones.map((value) => ({ value, label: value })) },
    ];
  }, [t, from, to, provider, timeZone, providers]);
  // The days that are meant also where the address names none; the browser's own zone is the choice of none.
  const { timeZone: zone, ...others } = search;
  const shown = { ...others, from, to, ...(zone !== undefined && zone !== TIME_ZONE && { timeZone: zone }) };
  return (
    <>
      <Ranges search={search} range={range} />
      <FilterBar filters={filters} search={shown} onChange={(next) => onChange(withZone(next))} />
    </>
  );
};

const Ranges = ({ search, range }: Pick<Props, 'search' | 'range'>) => {
  const t = useText(text);
  const { timeZone } = range;
  const today = todayIn(timeZone);
  const tomorrow = dayAfter(today);
  const ranges = [
    { label: t('today'), from: today, to: tomorrow },
    { label: t('yesterday'), from: dayAfter(today, -1), to: today },
    { label: t('sevenDays'), from: dayAfter(tomorrow, -7), to: tomorrow },
    { label: t('thirtyDays'), from: dayAfter(tomorrow, -30), to: tomorrow },
  ];
  return (
    <nav className="figure-ranges" aria-label={t('ranges')}>
      {ranges.map(({ label, from, to }) => {
        const { provider } = search;
        const isShown = range.from === from && range.to === to;
        return (
          <Link
            key={label}
            to="/figures"
            search={{ from, to, timeZone, ...(provider !== undefined && { provider }) }}
            className="button"
            aria-current={isShown ? 'true' : undefined}
          >
            {label}
          </Link>
        );
      })}
    </nav>
  );
};
