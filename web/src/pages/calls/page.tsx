import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { createLazyRoute, Link } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { useMemo } from 'react';
import { api, ok, type Schemas } from '../../api/client';
import { IN_PAGES, LOADS_ONCE, pageAfter } from '../../api/pages';
import { EndReasonBadge, StateBadge } from '../../parts/badge';
import { DataTable } from '../../parts/data-table';
import { PageHeading } from '../../parts/page-heading';
import { RefreshList } from '../../parts/refresh-list';
import { Duration, Time, TIME_ZONE } from '../../parts/time';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { queryOf, zoneOf, type CallSearch } from './call-search';
import { Export } from './export';
import { CallFilters } from './filters';
import { FindCall } from './find-call';
import { Party } from './party';
import { CallTabs } from './tabs';
import { text } from './text';
import './calls.css';

type Call = Schemas['FoundCall'];

const column = createColumnHelper<Call>();

const useColumns = (zone: string) => {
  const t = useText(text);
  return useMemo(
    () => [
      column.accessor('requestedAt', {
        header: zone === TIME_ZONE ? t('requested') : t('requestedIn', { zone }),
        cell: ({ row: { original } }) => (
          <Link to="/calls/$callSid" params={{ callSid: original.callSid }} className="when">
            <Time at={original.requestedAt} zone={zone} />
          </Link>
        ),
      }),
      column.accessor('callerId', {
        header: t('caller'),
        cell: ({ row: { original } }) => <Party id={original.callerId} phone={original.callerPhone} />,
      }),
      column.accessor('calleeId', {
        header: t('callee'),
        cell: ({ row: { original } }) => (
          <Party
            id={original.serviceLineId === null ? original.calleeId : t('serviceLine', { id: original.serviceLineId })}
            phone={original.calleePhone}
          />
        ),
      }),
      column.accessor('stateType', {
        header: t('state'),
        cell: ({ row: { original } }) => <Outcome call={original} />,
      }),
      column.accessor('talkSeconds', {
        header: t('talk'),
        cell: ({ getValue }) => <Duration seconds={getValue()} />,
      }),
      column.accessor('provider', { header: t('provider') }),
      column.accessor('providerCode', {
        header: t('code'),
        cell: ({ getValue }) => (getValue() === null ? '–' : <code>{getValue()}</code>),
      }),
    ],
    [t, zone],
  );
};

/** The end reason says that it is over. */
const Outcome = ({ call }: { readonly call: Call }) => {
  const t = useText(text);
  if (call.endReason === null) return <StateBadge state={call.stateType} />;
  return (
    <span className="badges">
      <EndReasonBadge reason={call.endReason} />
      {call.canceledBy === 'admin' && <span className="quiet">{t('canceledByAdmin')}</span>}
    </span>
  );
};

const callsQuery = (search: CallSearch) =>
  infiniteQueryOptions({
    queryKey: ['calls', search],
    queryFn: ({ signal, pageParam }) =>
      ok(api.GET('/v1/admin/calls', { params: { query: { ...queryOf(search), ...pageAfter(pageParam) } }, signal })),
    ...IN_PAGES,
    ...LOADS_ONCE,
  });

const Page = () => {
  const t = useText(text);
  const c = useText(common);
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const zone = zoneOf(search);
  const query = callsQuery(search);
  const calls = useInfiniteQuery(query);
  const columns = useColumns(zone);
  const rows = calls.data?.pages.flatMap(({ items }) => items);
  return (
    <>
      <PageHeading title={t('title')} about={t('about')}>
        <FindCall />
        <RefreshList query={calls} queryKey={query.queryKey} />
      </PageHeading>
      <CallTabs />
      <CallFilters search={search} onChange={(next) => void navigate({ search: next })} />
      <DataTable
        label={t('title')}
        columns={columns}
        rows={rows}
        query={calls}
        examined={{ noneYet: t('nothingYet'), lookOn: t('searchOn') }}
        rowId={({ callSid }) => callSid}
        empty={Object.keys(search).length > 0 ? c('nothingFound') : c('nothing')}
      />
      {rows !== undefined && rows.length > 0 && <Export search={search} />}
    </>
  );
};

export const Route = createLazyRoute('/calls')({ component: Page });
