/** The figures of a range, by bucket and by provider, each with those of the range before. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, ok, type Schemas } from '../../api/client';
import { hasBefore, matched, partBefore, rangeBefore, weeksBack, type Range } from './range';

export type Group = Schemas['StatisticsGroupReply'];
type Bucket = Schemas['StatisticsBucketReply'];
type Statistics = Schemas['StatisticsReply'];

/** A range that goes on gets new calls. */
const REFRESH_MS = 60_000;

interface Request extends Omit<Range, 'every'> {
  readonly every: Range['every'] | 'none';
  readonly by: 'none' | 'provider';
}

const useStatistics = (query: Request, enabled = true) =>
  useQuery({
    enabled,
    queryKey: ['statistics', query],
    queryFn: ({ signal }) => ok(api.GET('/v1/admin/statistics', { params: { query }, signal })),
    refetchInterval: REFRESH_MS,
    ...(enabled && { placeholderData: keepPreviousData }),
  });

export interface Compared<T> {
  readonly now: T;
  /** Undefined if there is none at that time. */
  readonly before: T | undefined;
}

export interface Slot extends Compared<Group> {
  readonly from: string;
  readonly to: string;
}

export interface Figures {
  readonly isComplete: boolean;
  readonly total: Compared<Group>;
  readonly slots: readonly Slot[];
  /** The largest first. */
  readonly providers: readonly Compared<Group>[];
}

/** Of all providers, or of one. */
export const useFigures = (range: Range, provider: string | undefined) => {
  const earlier = rangeBefore(range);
  const part = partBefore(range);
  const compares = hasBefore(range);
  const by = provider === undefined ? 'none' : 'provider';
  const results = [
    useStatistics({ ...range, by }),
    useStatistics({ ...earlier, by }, compares),
    useStatistics({ ...range, every: 'none', by: 'none' }),
    useStatistics({ ...part, every: 'none', by: 'none' }, compares),
    useStatistics({ ...range, every: 'none', by: 'provider' }),
    useStatistics({ ...part, every: 'none', by: 'provider' }, compares),
  ] as const;
  const [slots, slotsBefore, total, totalBefore, providers, providersBefore] = results.map(({ data }) => data);
  const asked = results.filter(({ isEnabled }) => isEnabled);
  const isFresh = asked.every(({ isPlaceholderData }) => !isPlaceholderData);
  const data =
    slots && total && providers && (!compares || (slotsBefore && totalBefore && providersBefore))
      ? figuresOf(range, provider, {
          slots: [slots, slotsBefore],
          total: [total, totalBefore],
          providers: [providers, providersBefore],
        })
      : null;
  return {
    data,
    isFresh,
    error: asked.find(({ isError }) => isError)?.error ?? null,
    updatedAt: Math.min(...asked.map(({ dataUpdatedAt }) => dataUpdatedAt)),
    isFetching: asked.some(({ isFetching }) => isFetching),
    refetch: () => Promise.all(asked.map((result) => result.refetch())),
  };
};

type Pair = readonly [now: Statistics, before: Statistics | undefined];

const figuresOf = (
  range: Range,
  provider: string | undefined,
  { slots, total, providers }: { readonly slots: Pair; readonly total: Pair; readonly providers: Pair },
): Figures => {
  const key = provider ?? null;
  const groups = (statistics: Statistics | undefined): readonly Group[] => statistics?.buckets[0]?.groups ?? [];
  const before = matched(range, slots[0].buckets, slots[1]?.buckets ?? [], 7 * weeksBack(range));
  const totals = provider === undefined ? total : providers;
  const [now, then] = [groups(providers[0]), groups(providers[1])];
  const names = [...new Set([...now, ...then].map((group) => group.key))];
  const compared = names.map((name) => ({
    now: now.find((group) => group.key === name) ?? nothing(name),
    before: then.find((group) => group.key === name),
  }));
  return {
    isComplete: [...slots, ...total].every((statistics) => statistics?.isComplete !== false),
    total: { now: groupIn(totals[0].buckets[0], key), before: totals[1] && groupIn(totals[1].buckets[0], key) },
    slots: slots[0].buckets.map((bucket, place) => {
      const earlier = before[place];
      return {
        from: bucket.from,
        to: bucket.to,
        now: groupIn(bucket, key),
        before: earlier && groupIn(earlier, key),
      };
    }),
    providers: compared,
  };
};

const groupIn = (bucket: Bucket | undefined, key: string | null): Group =>
  bucket?.groups.find((group) => group.key === key) ?? nothing(key);

const NO_DELAY = { median: null, percentile95: null };

/** The service leaves out groups without calls. */
const nothing = (key: string | null): Group => ({
  key,
  calls: 0,
  answered: 0,
  completed: 0,
  talkMinutes: 0,
  postDialDelay: NO_DELAY,
  timeToAnswer: NO_DELAY,
  endReasons: {
    completed: 0,
    canceled: 0,
    busy: 0,
    no_answer: 0,
    rejected: 0,
    unreachable: 0,
    failed: 0,
    lost: 0,
  },
});

/** In percent; null without calls. */
export const ratioOf = (group: Group | undefined): number | null =>
  group === undefined || group.calls === 0 ? null : (100 * group.answered) / group.calls;
