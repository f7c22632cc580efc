/** The figures of the whole range: why calls ended, and by provider. */
import { createColumnHelper } from '@tanstack/react-table';
import { EndReasonBadge, type EndReason } from '../../parts/badge';
import { DataTable } from '../../parts/data-table';
import { Section } from '../../parts/section';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { CallsLink, type CallsSearch } from './calls-link';
import { ratioOf, type Compared, type Group } from './figures';
import { useFormats } from './format';
import { text } from './text';

interface ReasonRow {
  readonly reason: EndReason;
  readonly calls: number;
  readonly share: number;
  readonly before: number | null;
}

const reasonColumn = createColumnHelper<ReasonRow>();

interface ReasonProps {
  readonly total: Compared<Group>;
  readonly search: CallsSearch;
  readonly before: string;
}

const shareOf = (group: Group | undefined, reason: EndReason): number | null =>
  group === undefined || group.calls === 0 ? null : (100 * group.endReasons[reason]) / group.calls;

export const EndReasons = ({ total, search, before }: ReasonProps) => {
  const t = useText(text);
  const c = useText(common);
  const { count, percent } = useFormats();
  const rows = (Object.keys(total.now.endReasons) as EndReason[])
    .map((reason) => ({
      reason,
      calls: total.now.endReasons[reason],
      share: shareOf(total.now, reason) ?? 0,
      before: shareOf(total.before, reason),
    }))
    .filter((row) => row.calls > 0 || (row.before ?? 0) > 0)
    .toSorted((one, other) => other.calls - one.calls);
  const columns = [
    reasonColumn.accessor('reason', {
      header: t('reason'),
      cell: ({ getValue }) => (
        <CallsLink search={{ ...search, endReason: getValue() }} label={t('callsOf', { what: c(`end.${getValue()}`) })}>
          <EndReasonBadge reason={getValue()} />
        </CallsLink>
      ),
    }),
    reasonColumn.accessor('calls', { header: t('calls'), cell: ({ getValue }) => count(getValue()) }),
    reasonColumn.accessor('share', {
      header: t('share'),
      cell: ({ getValue }) => (
        <span className="share">
          <span className="share-text">{percent(getValue())}</span>
          <span className="share-frame" aria-hidden="true">
            <span className="share-bar" style={{ width: `${getValue()}%` }} />
          </span>
        </span>
      ),
    }),
    reasonColumn.accessor('before', { header: before, cell: ({ getValue }) => percent(getValue()) }),
  ];
  return (
    <Section title={t('endReasons')}>
      <DataTable label={t('endReasons')} columns={columns} rows={rows} rowId={({ reason }) => reason} />
    </Section>
  );
};

const providerColumn = createColumnHelper<Compared<Group>>();

interface ProviderProps {
  readonly providers: readonly Compared<Group>[];
  readonly search: CallsSearch;
  readonly before: string;
}

/** One figure above, the one of the range before under it. */
const Both = ({ now, before }: { readonly now: string; readonly before: string }) => (
  <span className="both">
    {now}
    <span className="quiet">{before}</span>
  </span>
);

export const Providers = ({ providers, search, before }: ProviderProps) => {
  const t = useText(text);
  const { count, percent, seconds } = useFormats();
  const then = (value: string): string => t('compared', { value, before });
  const delays = (group: Group, delay: 'postDialDelay' | 'timeToAnswer') =>
    `${seconds(group[delay].median)} / ${seconds(group[delay].percentile95)}`;
  const columns = [
    providerColumn.accessor(({ now }) => now.key ?? '', {
      id: 'provider',
      header: t('provider'),
      cell: ({ getValue }) => (
        <CallsLink search={{ ...search, provider: getValue() }} label={t('callsOf', { what: getValue() })}>
          {getValue()}
        </CallsLink>
      ),
    }),
    providerColumn.accessor(({ now }) => now.calls, {
      id: 'calls',
      header: t('calls'),
      cell: ({ row: { original } }) => (
        <Both now={count(original.now.calls)} before={then(count(original.before?.calls ?? 0))} />
      ),
    }),
    providerColumn.accessor(({ now }) => ratioOf(now) ?? -1, {
      id: 'ratio',
      header: t('ratio'),
      cell: ({ row: { original } }) => (
        <Both now={percent(ratioOf(original.now))} before={then(percent(ratioOf(original.before)))} />
      ),
    }),
    providerColumn.accessor(({ now }) => now.talkMinutes, {
      id: 'minutes',
      header: t('talkMinutes'),
      cell: ({ getValue }) => count(getValue()),
    }),
    ...(['postDialDelay', 'timeToAnswer'] as const).map((delay) =>
      providerColumn.accessor(({ now }) => now[delay].median ?? -1, {
        id: delay,
        header: t(delay),
        cell: ({ row: { original } }) => (
          <Both
            now={delays(original.now, delay)}
            before={then(original.before ? delays(original.before, delay) : '–')}
          />
        ),
      }),
    ),
  ];
  return (
    <Section title={t('byProvider')} about={`${t('postDialDelay')}, ${t('timeToAnswer')}: ${t('median95')}`}>
      <DataTable label={t('byProvider')} columns={columns} rows={providers} rowId={({ now }) => now.key ?? ''} />
    </Section>
  );
};
