/** Why calls ended, over time and by provider: which figure of the two changes says whom to ask. */
import { Link } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import type { EndReason } from '../../parts/badge';
import { DataTable } from '../../parts/data-table';
import { Section } from '../../parts/section';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { CallsLink, type CallsSearch } from './calls-link';
import { Chart, type Line } from './chart';
import type { Token } from './colours';
import type { Compared, Group, Slot } from './figures';
import { useFormats } from './format';
import type { FigureSearch, Range } from './range';
import { text } from './text';

/** In the order in which they stand on each other. */
const COLOURS: Readonly<Record<EndReason, Token>> = {
  completed: 'good',
  no_answer: 'accent',
  busy: 'warn',
  rejected: 'violet',
  canceled: 'ink-quiet',
  unreachable: 'teal',
  failed: 'bad',
  lost: 'pink',
};

const reasonsIn = (groups: readonly Group[]): readonly EndReason[] =>
  (Object.keys(COLOURS) as EndReason[]).filter((reason) => groups.some(({ endReasons }) => endReasons[reason] > 0));

interface OverTimeProps {
  readonly slots: readonly Slot[];
  readonly range: Range;
  readonly provider: string | undefined;
}

export const ReasonsOverTime = ({ slots, range, provider }: OverTimeProps) => {
  const t = useText(text);
  const c = useText(common);
  const { count } = useFormats();
  const lines = reasonsIn(slots.map(({ now }) => now)).map((endReason): Line => ({
    label: c(`end.${endReason}`),
    values: slots.map(({ now }) => now.endReasons[endReason]),
    token: COLOURS[endReason],
    shape: 'bar',
    endReason,
  }));
  if (lines.length === 0) return null;
  return (
    <Chart
      title={t('reasonsOverTime')}
      about={t('reasonsOverTimeAbout')}
      lines={lines}
      slots={slots}
      range={range}
      provider={provider}
      format={count}
      isStacked
    />
  );
};

const column = createColumnHelper<Group>();

interface ByProviderProps {
  readonly providers: readonly Compared<Group>[];
  readonly search: CallsSearch;
  /** The address of the page. */
  readonly address: FigureSearch;
}

export const ReasonsByProvider = ({ providers, search, address }: ByProviderProps) => {
  const t = useText(text);
  const c = useText(common);
  const { count, percent } = useFormats();
  const rows = providers.map(({ now }) => now).filter(({ calls }) => calls > 0);
  const columns = [
    column.accessor(({ key }) => key ?? '', {
      id: 'provider',
      header: t('provider'),
      cell: ({ getValue }) => (
        <Link
          to="/figures"
          search={{ ...address, provider: getValue() }}
          aria-label={t('figuresOf', { what: getValue() })}
        >
          {getValue()}
        </Link>
      ),
    }),
    ...reasonsIn(rows).map((endReason) =>
      column.accessor(({ endReasons }) => endReasons[endReason], {
        id: endReason,
        header: c(`end.${endReason}`),
        cell: ({ getValue, row: { original } }) => {
          const [calls, provider] = [getValue(), original.key ?? ''];
          if (calls === 0) return count(0);
          const what = `${provider}, ${c(`end.${endReason}`)}`;
          return (
            <span className="both">
              <CallsLink
                search={{ ...search, provider, endReason }}
                label={t('countOf', { what, count: count(calls) })}
              >
                {count(calls)}
              </CallsLink>
              <span className="quiet">{percent((100 * calls) / original.calls)}</span>
            </span>
          );
        },
      }),
    ),
  ];
  return (
    <Section title={t('reasonsByProvider')} about={t('reasonsByProviderAbout')}>
      <DataTable label={t('reasonsByProvider')} columns={columns} rows={rows} rowId={({ key }) => key ?? ''} />
    </Section>
  );
};
