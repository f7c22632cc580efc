import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { createLazyRoute, Link } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { useMemo } from 'react';
import { api, ok, type Schemas } from '../../api/client';
import { IN_PAGES, LOADS_ONCE, pageAfter } from '../../api/pages';
import { DataTable } from '../../parts/data-table';
import { Disclosure } from '../../parts/disclosure';
import { PageHeading } from '../../parts/page-heading';
import { PageLink } from '../../parts/page-link';
import { RefreshList } from '../../parts/refresh-list';
import { Time } from '../../parts/time';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { actions, isKnownAction } from './actions';
import { EntryFacts } from './entry-facts';
import { AuditFilters, type AuditSearch } from './filters';
import { text } from './text';
import './audit.css';

type Entry = Schemas['AuditEntryReply'];

const column = createColumnHelper<Entry>();

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
      column.accessor('subject', {
        header: t('subject'),
        cell: ({ getValue }) => <Subject subject={getValue()} />,
      }),
      column.accessor('action', {
        header: t('action'),
        cell: ({ row: { original } }) => <What entry={original} />,
      }),
      column.accessor('target', {
        header: t('target'),
        cell: ({ getValue }) => <Target target={getValue()} />,
      }),
      column.display({
        id: 'facts',
        header: t('changes'),
        cell: ({ row: { original } }) => <EntryFacts entry={original} />,
      }),
    ],
    [t],
  );
};

/** Leads to all that the same person did, with the other filters as they are. */
const Subject = ({ subject }: { readonly subject: string }) => {
  const t = useText(text);
  const search = Route.useSearch();
  return (
    <Link to="/audit" search={{ ...search, subject }} title={t('onlySubject', { subject })} className="long subject">
      {subject}
    </Link>
  );
};

const What = ({ entry }: { readonly entry: Entry }) => {
  const t = useText(text);
  const nameOf = useText(actions);
  const { action, route, address, requestId } = entry;
  return (
    <div>
      <strong>{isKnownAction(action) ? nameOf(action) : action}</strong>
      <Disclosure title={t('request')}>
        <dl className="request-facts">
          <dt>{t('route')}</dt>
          <dd>
            <code>{route}</code>
          </dd>
          <By entry={entry} />
          <dt>{t('address')}</dt>
          <dd>{address}</dd>
          <dt>{t('requestId')}</dt>
          <dd>
            <code>{requestId}</code>
          </dd>
        </dl>
      </Disclosure>
    </div>
  );
};

const OF_DESK = 'desk-session:';

/** By which key, token or session of the desk. A session leads to the entry of its sign-in. */
const By = ({ entry: { apiKeyId, tokenId } }: { readonly entry: Entry }) => {
  const t = useText(text);
  if (apiKeyId !== null) {
    return (
      <>
        <dt>{t('apiKey')}</dt>
        <dd>{apiKeyId}</dd>
      </>
    );
  }
  if (tokenId === null) return null;
  const isSession = tokenId.startsWith(OF_DESK);
  return (
    <>
      <dt>{isSession ? t('session') : t('token')}</dt>
      <dd>
        {isSession ? tokenId.slice(OF_DESK.length) : <code>{tokenId}</code>}{' '}
        {isSession && (
          <Link to="/audit" search={{ target: tokenId }}>
            {t('signIn')}
          </Link>
        )}
      </dd>
    </>
  );
};

const Target = ({ target }: { readonly target: string | null }) => {
  const t = useText(text);
  const search = Route.useSearch();
  if (target === null) return '–';
  return (
    <div className="target">
      <PageLink target={target}>
        <code className="long">{target}</code>
      </PageLink>
      {search.target !== target && (
        <Link to="/audit" search={{ target }} className="only" title={t('onlyTarget', { target })}>
          <span aria-hidden="true" className="funnel" />
          <span className="unseen">{t('onlyTarget', { target })}</span>
        </Link>
      )}
    </div>
  );
};

const entriesQuery = (search: AuditSearch) =>
  infiniteQueryOptions({
    queryKey: ['audit', search],
    queryFn: ({ signal, pageParam }) =>
      ok(api.GET('/v1/admin/audit', { params: { query: { ...search, ...pageAfter(pageParam) } }, signal })),
    ...IN_PAGES,
    ...LOADS_ONCE,
  });

const Page = () => {
  const t = useText(text);
  const c = useText(common);
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const columns = useColumns();
  const query = entriesQuery(search);
  const entries = useInfiniteQuery(query);
  const rows = entries.data?.pages.flatMap(({ items }) => items);
  return (
    <>
      <PageHeading title={t('title')} about={t('about')}>
        <RefreshList query={entries} queryKey={query.queryKey} />
      </PageHeading>
      <AuditFilters search={search} onChange={(next) => void navigate({ search: next })} />
      <DataTable
        label={t('title')}
        columns={columns}
        rows={rows}
        query={entries}
        examined={{ noneYet: t('noneYet'), lookOn: t('lookOn') }}
        rowId={({ id }) => id}
        empty={Object.keys(search).length > 0 ? c('nothingFound') : t('nothing')}
      />
    </>
  );
};

export const Route = createLazyRoute('/audit')({ component: Page });
