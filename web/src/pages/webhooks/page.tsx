/** The endpoints. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { createLazyRoute, Link } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { useMemo, useState } from 'react';
import { api, ok, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { Button } from '../../parts/button';
import { DataTable } from '../../parts/data-table';
import { PageHeading } from '../../parts/page-heading';
import { Said } from '../../parts/said';
import { Time, useTimeFormat } from '../../parts/time';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { EndpointForm } from './endpoint-form';
import { EndpointState, Types } from './endpoint-state';
import { SecretDialog, type ShownSecret } from './secret-dialog';
import { text } from './text';
import { endpointsQuery, readWebhooksAgain, type Endpoint } from './webhooks-api';
import './webhooks.css';

const column = createColumnHelper<Endpoint>();

const useColumns = () => {
  const t = useText(text);
  return useMemo(
    () => [
      column.accessor('url', {
        header: t('url'),
        cell: ({ row: { original } }) => (
          <Link to="/webhooks/$endpointId" params={{ endpointId: original.id }} className="url">
            {original.url}
          </Link>
        ),
      }),
      column.accessor('enabled', {
        header: t('state'),
        cell: ({ row: { original } }) => <State endpoint={original} />,
      }),
      column.accessor('eventTypes', {
        header: t('types'),
        cell: ({ getValue }) => <Types types={getValue()} />,
      }),
      column.accessor('createdAt', {
        header: t('createdAt'),
        cell: ({ getValue }) => (
          <span className="when">
            <Time at={getValue()} style="date" />
          </span>
        ),
      }),
    ],
    [t],
  );
};

const State = ({ endpoint }: { readonly endpoint: Endpoint }) => (
  <div className="endpoint-state">
    <EndpointState endpoint={endpoint} />
    {endpoint.disabledReason !== null && (
      <span className="quiet">
        <Said>{endpoint.disabledReason}</Said>
      </span>
    )}
    {endpoint.enabled && endpoint.failingSince !== null && (
      <span className="quiet">
        <Time at={endpoint.failingSince} />
      </span>
    )}
  </div>
);

const Page = () => {
  const t = useText(text);
  const c = useText(common);
  const time = useTimeFormat('time');
  const columns = useColumns();
  const endpoints = useInfiniteQuery(endpointsQuery);
  const rows = endpoints.data?.pages.flatMap(({ items }) => items);
  return (
    <>
      <PageHeading title={t('title')} about={t('about')}>
        {endpoints.data && (
          <span className="quiet">{c('updated', { time: time(new Date(endpoints.dataUpdatedAt)) })}</span>
        )}
        <Add />
      </PageHeading>
      <DataTable
        label={t('title')}
        columns={columns}
        rows={rows}
        query={endpoints}
        rowId={({ id }) => id}
        empty={t('noEndpoints')}
      />
    </>
  );
};

const Add = () => {
  const t = useText(text);
  const navigate = Route.useNavigate();
  const [created, setCreated] = useState<ShownSecret | null>(null);
  if (!useMay('admin:webhooks:write')) return null;
  const add = async (body: Schemas['NewWebhookEndpoint']) => {
    const { id, secret } = await ok(api.POST('/v1/admin/webhook-endpoints', { body }));
    setCreated({ endpointId: id, secret });
    await readWebhooksAgain();
  };
  const goOn = () => {
    setCreated(null);
    if (created) void navigate({ to: '/webhooks/$endpointId', params: { endpointId: created.endpointId } });
  };
  return (
    <>
      <EndpointForm
        trigger={<Button kind="main">{t('add')}</Button>}
        title={t('add')}
        submit={t('addAction')}
        onSubmit={add}
      />
      <SecretDialog shown={created} onClose={goOn} />
    </>
  );
};

export const Route = createLazyRoute('/webhooks')({ component: Page });
