import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { createLazyRoute } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { useMemo } from 'react';
import { api, ok, type Schemas } from '../../api/client';
import { IN_PAGES, LOADS_ONCE, pageAfter } from '../../api/pages';
import type { operations } from '../../api/schema';
import { DataTable } from '../../parts/data-table';
import { dayFieldType, isDay } from '../../parts/day';
import { Disclosure } from '../../parts/disclosure';
import { FilterBar, type Filter } from '../../parts/filter-bar';
import { PageHeading } from '../../parts/page-heading';
import { RefreshList } from '../../parts/refresh-list';
import { Said } from '../../parts/said';
import { Time } from '../../parts/time';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { Checks } from '../calls/checks';
import { Party } from '../calls/party';
import { CallTabs } from '../calls/tabs';
import '../calls/calls.css';
import './refused-calls.css';
import { text } from './text';

type Refusal = Schemas['RefusalReply'];
type Query = NonNullable<operations['listRefusals']['parameters']['query']>;
type Fault = NonNullable<Query['fault']>;
type Name = 'userId' | 'fault' | 'from' | 'to';
type Search = Partial<Record<Name, string>>;

type Key = keyof (typeof text)['en'];

/** A newer service may know further faults. */
const faultKey = (fault: string): Key | null => (`fault.${fault}` in text.en ? (`fault.${fault}` as Key) : null);

const FAULTS = Object.keys(text.en)
  .filter((key) => key.startsWith('fault.'))
  .map((key) => key.slice('fault.'.length) as Fault);

const column = createColumnHelper<Refusal>();

const useColumns = () => {
  const t = useText(text);
  return useMemo(
    () => [
      column.accessor('at', {
        header: t('at'),
        cell: ({ getValue }) => (
          <span className="when">
            <Time at={getValue()} />
          </span>
        ),
      }),
      column.accessor('callerId', {
        header: t('user'),
        cell: ({ row: { original } }) => <Party id={original.callerId} phone={original.callerPhone} />,
      }),
      column.accessor('calleeId', {
        header: t('callee'),
        cell: ({ row: { original } }) => <Callee refusal={original} />,
      }),
      column.accessor('fault', {
        header: t('fault'),
        cell: ({ row: { original } }) => <Why refusal={original} />,
      }),
      column.accessor('askedBy', {
        header: t('askedBy'),
        cell: ({ getValue }) => getValue() ?? t('app'),
      }),
      column.accessor('count', { header: t('count') }),
    ],
    [t],
  );
};

const Callee = ({ refusal: { calleeId, calleePhone, serviceLineId, count } }: { readonly refusal: Refusal }) => {
  const t = useText(text);
  if (serviceLineId !== null) return <Party id={t('serviceLine', { id: serviceLineId })} phone={calleePhone} />;
  if (calleeId === null && calleePhone === null && count > 1) return t('manyCallees');
  return <Party id={calleeId} phone={calleePhone} />;
};

/** In words, then in those of the rule or the provider. */
const Why = ({ refusal: { fault, reason, checks, requestId } }: { readonly refusal: Refusal }) => {
  const t = useText(text);
  const c = useText(common);
  const key = faultKey(fault);
  return (
    <div className="why">
      <strong>{key === null ? <code>{fault}</code> : t(key)}</strong>
      {reason !== null && (
        <p>
          <Said>{reason}</Said>
        </p>
      )}
      <Disclosure title={t('checks')}>
        {checks.length === 0 && <p className="quiet">{t('noChecks')}</p>}
        <Checks checks={checks} />
        {requestId !== null && <p className="quiet">{c('requestId', { id: requestId })}</p>}
      </Disclosure>
    </div>
  );
};

/** This list takes instants alone: a day begins in the browser's zone. The service says what is wrong with what is neither. */
const instantOf = (text: string): string => (isDay(text) ? new Date(`${text}T00:00`).toISOString() : text);

const queryOf = ({ userId, fault, from, to }: Search): Query => ({
  ...(userId !== undefined && { userId }),
  ...(fault !== undefined && { fault: fault as Fault }),
  ...(from !== undefined && { from: instantOf(from) }),
  ...(to !== undefined && { to: instantOf(to) }),
});

const refusalsQuery = (search: Search) =>
  infiniteQueryOptions({
    queryKey: ['refused calls', search],
    queryFn: ({ signal, pageParam }) =>
      ok(api.GET('/v1/admin/refusals', { params: { query: { ...queryOf(search), ...pageAfter(pageParam) } }, signal })),
    ...IN_PAGES,
    ...LOADS_ONCE,
  });

const useFilters = ({ from, to }: Search): readonly Filter<Name>[] => {
  const t = useText(text);
  return [
    { name: 'userId', label: t('user'), placeholder: t('userExample') },
    { name: 'fault', label: t('fault'), options: FAULTS.map((value) => ({ value, label: t(`fault.${value}`) })) },
    { name: 'from', label: t('from'), type: dayFieldType(from) },
    { name: 'to', label: t('to'), type: dayFieldType(to) },
  ];
};

const Page = () => {
  const t = useText(text);
  const c = useText(common);
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const columns = useColumns();
  const filters = useFilters(search);
  const query = refusalsQuery(search);
  const refusals = useInfiniteQuery(query);
  const rows = refusals.data?.pages.flatMap(({ items }) => items);
  return (
    <>
      <PageHeading title={t('title')} about={t('about')}>
        <RefreshList query={refusals} queryKey={query.queryKey} />
      </PageHeading>
      <CallTabs />
      <FilterBar filters={filters} search={search} onChange={(next) => void navigate({ search: next })} />
      <DataTable
        label={t('title')}
        columns={columns}
        rows={rows}
        query={refusals}
        examined={{ noneYet: t('nothingYet'), lookOn: t('searchOn') }}
        rowId={({ id }) => id}
        empty={Object.keys(search).length > 0 ? c('nothingFound') : c('nothing')}
      />
    </>
  );
};

export const Route = createLazyRoute('/calls/refused')({ component: Page });
