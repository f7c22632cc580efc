import { createLazyRoute } from '@tanstack/react-router';
import { useMemo } from 'react';
import { Button } from '../../parts/button';
import { PageHeading } from '../../parts/page-heading';
import { Empty, Failure, Loading } from '../../parts/states';
import { useTimeFormat } from '../../parts/time';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { Chart, type Line } from './chart';
import { ratioOf, useFigures, type Figures, type Group, type Slot } from './figures';
import { Filters } from './filters';
import { useFormats } from './format';
import { isOver, rangeOf, weeksBack, type FigureSearch, type Range } from './range';
import { ReasonsByProvider, ReasonsOverTime } from './reasons';
import { Summary } from './summary';
import { EndReasons, Providers } from './tables';
import { text } from './text';
import './figures.css';

const Page = () => {
  const t = useText(text);
  const c = useText(common);
  const time = useTimeFormat('time');
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const range = rangeOf(search);
  const { provider } = search;
  const { data, error, isFresh, isFetching, updatedAt, refetch } = useFigures(range, provider);
  const providers = useMemo(() => data?.providers.flatMap(({ now }) => now.key ?? []) ?? [], [data]);
  return (
    <>
      <PageHeading title={t('title')} about={t('about')}>
        {data && <span className="quiet">{c('updated', { time: time(new Date(updatedAt)) })}</span>}
        <Button isPending={isFetching} onPress={() => void refetch()}>
          {c('refresh')}
        </Button>
      </PageHeading>
      <Filters
        search={search}
        range={range}
        providers={providers}
        onChange={(next) => void navigate({ search: next })}
      />
      {error !== null && <Failure error={error} onRetry={() => void refetch()} />}
      {!data && error === null && <Loading />}
      {data && (error === null || isFresh) && (
        <div className={`stack figures ${isFresh ? '' : 'figures-old'}`} aria-busy={!isFresh}>
          <Content figures={data} range={range} address={search} />
        </div>
      )}
    </>
  );
};

interface ContentProps {
  readonly figures: Figures;
  readonly range: Range;
  readonly address: FigureSearch;
}

const Content = ({ figures: { isComplete, total, slots, providers }, range, address }: ContentProps) => {
  const t = useText(text);
  const { provider } = address;
  const weeks = weeksBack(range);
  const before = weeks === 1 ? t('weekBefore') : t('weeksBefore', { count: weeks });
  const { timeZone } = range;
  // The edges of the buckets are times, so the calls behind are the same in whatever zone they are looked at.
  const [first, last] = [slots[0], slots.at(-1)];
  const search = { from: first?.from ?? range.from, to: last?.to ?? range.to, timeZone, provider };
  const isEmpty = total.now.calls === 0 && (total.before?.calls ?? 0) === 0;
  return (
    <>
      {!isComplete && <p className="notice">{t('incomplete')}</p>}
      <Summary total={total} search={search} before={before} />
      <p className="quiet">
        {t('timesIn', { zone: timeZone })} {!isOver(range) && t('notOver')}
      </p>
      {isEmpty ? (
        <Empty>{t('none')}</Empty>
      ) : (
        <>
          <Charts slots={slots} range={range} provider={provider} before={before} />
          <EndReasons total={total} search={search} before={before} />
          <Providers providers={providers} search={search} before={before} />
          <ReasonsByProvider providers={providers} search={search} address={address} />
        </>
      )}
    </>
  );
};

interface ChartsProps {
  readonly slots: readonly Slot[];
  readonly range: Range;
  readonly provider: string | undefined;
  readonly before: string;
}

const Charts = ({ slots, range, provider, before }: ChartsProps) => {
  const t = useText(text);
  const { count, percent, seconds } = useFormats();
  const now = (of: (group: Group) => number | null): (number | null)[] => slots.map((slot) => of(slot.now));
  const then = (of: (group: Group) => number | null): Line => ({
    label: before,
    values: slots.map((slot) => (slot.before ? of(slot.before) : null)),
    token: 'ink-quiet',
    shape: 'dashes',
  });
  const calls = (group: Group): number => group.calls;
  const delayLines = (delay: 'postDialDelay' | 'timeToAnswer'): Line[] => {
    const median = (group: Group): number | null => group[delay].median;
    return [
      { label: t('median'), values: now(median), token: 'accent', shape: 'line' },
      { label: t('percentile95'), values: now((group) => group[delay].percentile95), token: 'warn', shape: 'line' },
      then(median),
    ];
  };
  const charts = [
    {
      title: t('calls'),
      about: t('callsAbout'),
      format: count,
      lines: [
        { label: t('calls'), values: now(calls), token: 'accent', shape: 'pale bar' },
        { label: t('answered'), values: now((group) => group.answered), token: 'accent', shape: 'bar' },
        then(calls),
      ] satisfies Line[],
    },
    {
      title: t('ratio'),
      about: t('ratioAbout'),
      format: percent,
      most: 100,
      lines: [
        { label: t('ratio'), values: now(ratioOf), token: 'accent', shape: 'line' },
        then(ratioOf),
      ] satisfies Line[],
    },
    { title: t('postDialDelay'), about: t('postDialDelayAbout'), format: seconds, lines: delayLines('postDialDelay') },
    { title: t('timeToAnswer'), about: t('timeToAnswerAbout'), format: seconds, lines: delayLines('timeToAnswer') },
  ];
  return (
    <div className="figure-charts">
      {charts.map((chart) => (
        <Chart key={chart.title} {...chart} slots={slots} range={range} provider={provider} />
      ))}
      <ReasonsOverTime slots={slots} range={range} provider={provider} />
    </div>
  );
};

export const Route = createLazyRoute('/figures')({ component: Page });
