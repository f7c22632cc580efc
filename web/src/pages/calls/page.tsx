import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { createLazyRoute, Link } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { useMemo } from 'react';
import { api, ok, type Schemas } from '../../api/client';
import { EndReasonBadge, StateBadge } from '../../parts/badge';
import { Button } from '../../parts/button';
import { DataTable } from '../../parts/data-table';
import { PageHeading } from '../../parts/page-heading';
import { Tabs } from '../../parts/tabs';
import { Duration, Time, TIME_ZONE } from '../../parts/time';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { queryOf, zoneOf, type CallSearch } from './call-search';
import { Export } from './export';
import { CallFilters } from './filters';
import { FindCall } from './find-call';
import { Party } from './party';
import { text } from './text';
import './calls.css';

type Call = Schemas['FoundCall'];

const PAGE_SIZE = 50;

const column = createColumnHelper<Call>();

/** The service has the order, newest first: what is loaded is a part of the list, so its columns are not sorted here. */
const useColumns = (zone: string) => {
  const t = useText(text);
  return useMemo(
    () => [
      column.accessor('requestedAt', {
        header: zone === TIME_ZONE ? t('requested') : t('requestedIn', { zone }),
        enableSorting: false,
        cell: ({ row: { original } }) => (
          <Link to="/calls/$callSid" params={{ callSid: original.callSid }} className="when">
            <Time at={original.requestedAt} zone={zone} />
          </Link>
        ),
      }),
      column.accessor('callerId', {
        header: t('caller'),
        enableSorting: false,
        cell: ({ row: { original } }) => <Party id={original.callerId} phone={original.callerPhone} />,
      }),
      column.accessor('calleeId', {
        header: t('callee'),
        enableSorting: false,
        cell: ({ row: { original } }) => (
          <Party
            id={original.serviceLineId === null ? original.calleeId : t('serviceLine', { id: original.serviceLineId })}
            phone={original.calleePhone}
          />
        ),
      }),
      column.accessor('stateType', {
        header: t('state'),
        enableSorting: false,
        cell: ({ row: { original } }) => <Outcome call={original} />,
      }),
      column.accessor('talkSeconds', {
        header: t('talk'),
        enableSorting: false,
        cell: ({ getValue }) => <Duration seconds={getValue()} />,
      }),
      column.accessor('provider', { header: t('provider'), enableSorting: false }),
      column.accessor('providerCode', {
        header: t('code'),
        enableSorting: false,
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

const useCalls = (search: CallSearch) =>
  useInfiniteQuery({
    queryKey: ['calls', search],
    queryFn: ({ signal, pageParam }) =>
      ok(
        api.GET('/v1/admin/calls', {
          params: { query: { ...queryOf(search), limit: PAGE_SIZE, ...(pageParam !== null && { after: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    // That would load all pages again which are shown.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

const Page = () => {
  const t = useText(text);
  const c = useText(common);
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const client = useQueryClient();
  const zone = zoneOf(search);
  const calls = useCalls(search);
  const columns = useColumns(zone);
  const rows = calls.data?.pages.flatMap(({ items }) => items);
  return (
    <>
      <PageHeading title={t('title')} about={t('about')}>
        <FindCall />
        <Button
          isPending={calls.isFetching && !calls.isFetchingNextPage}
          onPress={() => void client.resetQueries({ queryKey: ['calls', search] })}
        >
          {c('refresh')}
        </Button>
      </PageHeading>
      <Tabs
        label={t('tabs')}
        tabs={[
          { to: '/calls', label: t('title') },
          { to: '/calls/refused', label: t('refusedCalls') },
        ]}
      />
      <CallFilters search={search} onChange={(next) => void navigate({ search: next })} />
      {rows?.length === 0 && calls.hasNextPage ? (
        <div className="state">
          <p>{t('nothingYet')}</p>
          <Button isPending={calls.isFetchingNextPage} onPress={() => void calls.fetchNextPage()}>
            {t('searchOn')}
          </Button>
        </div>
      ) : (
        <DataTable
          label={t('title')}
          columns={columns}
          rows={rows}
          query={calls}
          rowId={({ callSid }) => callSid}
          empty={Object.keys(search).length > 0 ? c('nothingFound') : c('nothing')}
        />
      )}
      {rows !== undefined && rows.length > 0 && <Export search={search} />}
    </>
  );
};

export const Route = createLazyRoute('/calls')({ component: Page });
