/** Who was told of each change of the call, with each attempt; and to tell them again. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createColumnHelper } from '@tanstack/react-table';
import { useState } from 'react';
import { api, ok, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { Badge, type Tone } from '../../parts/badge';
import { Button } from '../../parts/button';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { DataTable } from '../../parts/data-table';
import { Disclosure } from '../../parts/disclosure';
import { PageLink } from '../../parts/page-link';
import { Empty } from '../../parts/states';
import { Time } from '../../parts/time';
import { useText } from '../../text/language';
import { text } from './text';

type Delivery = Schemas['DeliveryOfCallReply'];
type Attempt = Delivery['attempts'][number];

const column = createColumnHelper<Delivery>();

const TONES: Readonly<Record<Delivery['state'], Tone>> = { pending: 'warn', delivered: 'good', failed: 'bad' };

interface Props {
  readonly callSid: string;
  readonly deliveries: readonly Delivery[];
}

export const Deliveries = ({ callSid, deliveries }: Props) => {
  const t = useText(text);
  const urls = useUrls();
  if (deliveries.length === 0) return <Empty>{t('noDeliveries')}</Empty>;
  const ids = [...new Set(deliveries.map(({ endpointId }) => endpointId))];
  return ids.map((id) => (
    <OfEndpoint
      key={id}
      callSid={callSid}
      endpointId={id}
      url={urls.get(id) ?? t('endpoint', { id })}
      deliveries={deliveries.filter(({ endpointId }) => endpointId === id)}
    />
  ));
};

/** Without them the endpoints have their ids alone, which is no failure. */
const useUrls = (): ReadonlyMap<string, string> => {
  const endpoints = useQuery({
    queryKey: ['webhook endpoints'],
    queryFn: ({ signal }) => ok(api.GET('/v1/admin/webhook-endpoints', { signal })),
    staleTime: 60_000,
  });
  return new Map(endpoints.data?.items.map(({ id, url }) => [id, url]));
};

interface EndpointProps extends Props {
  readonly endpointId: string;
  readonly url: string;
}

const OfEndpoint = ({ callSid, endpointId, url, deliveries }: EndpointProps) => {
  const t = useText(text);
  const mayReplay = useMay('admin:webhooks:write');
  const client = useQueryClient();
  const [count, setCount] = useState<number | null>(null);
  const replay = async (number?: number) => {
    const body = { callSid, ...(number !== undefined && { number }) };
    const params = { path: { endpointId } };
    const reply = await ok(api.POST('/v1/admin/webhook-endpoints/{endpointId}/redeliver', { params, body }));
    setCount(reply.deliveries);
    await client.invalidateQueries({ queryKey: ['call', callSid, 'bundle'] });
  };
  const columns = [
    column.accessor('number', {
      header: t('change'),
      cell: ({ row: { original } }) => (
        <span>
          {original.number}: <code>{original.type}</code>
        </span>
      ),
    }),
    column.accessor('state', {
      header: t('state'),
      cell: ({ getValue }) => <Badge tone={TONES[getValue()]}>{t(`delivery.${getValue()}`)}</Badge>,
    }),
    column.accessor('settledAt', {
      header: t('settled'),
      cell: ({ getValue }) => <Time at={getValue()} style="time" />,
    }),
    column.accessor('attempts', {
      header: t('attempts'),
      cell: ({ getValue }) => <Attempts attempts={getValue()} />,
    }),
    ...(mayReplay
      ? [
          column.display({
            id: 'replay',
            header: '',
            cell: ({ row: { original } }) => (
              <ConfirmDialog
                title={t('replayTitle', { number: original.number })}
                confirm={t('replay')}
                isDangerous={false}
                onConfirm={() => replay(original.number)}
                trigger={<Button aria-label={`${t('replay')} ${original.number}`}>{t('replay')}</Button>}
              >
                {t('replayWarning', { url })}
              </ConfirmDialog>
            ),
          }),
        ]
      : []),
  ];
  return (
    <div className="stack deliveries-of-endpoint">
      <div className="section-heading">
        <h3>
          <PageLink target={`webhook-endpoint:${endpointId}`}>
            <code>{url}</code>
          </PageLink>
        </h3>
        {mayReplay && (
          <ConfirmDialog
            title={t('replayAllTitle')}
            confirm={t('replayAll')}
            isDangerous={false}
            onConfirm={() => replay()}
            trigger={<Button>{t('replayAll')}</Button>}
          >
            {t('replayWarning', { url })}
          </ConfirmDialog>
        )}
      </div>
      {count !== null && (
        <p className="notice" role="status">
          {t('replayed', { count })}
        </p>
      )}
      <DataTable label={url} columns={columns} rows={deliveries} rowId={({ id }) => id} />
    </div>
  );
};

const Attempts = ({ attempts }: { readonly attempts: readonly Attempt[] }) => {
  const t = useText(text);
  const last = attempts.at(-1);
  if (!last) return <span className="quiet">{t('noAttempt')}</span>;
  const resultOf = ({ status, durationMs }: Attempt): string => {
    if (status !== null) return String(status);
    return durationMs === null ? t('inFlight') : t('noResponse');
  };
  return (
    <Disclosure title={t('attempt', { count: attempts.length, result: resultOf(last) })}>
      <ol className="attempts">
        {attempts.map((attempt) => (
          <li key={attempt.startedAt}>
            <Time at={attempt.startedAt} style="time" /> · <strong>{resultOf(attempt)}</strong>
            {attempt.durationMs !== null && ` · ${t('took', { count: attempt.durationMs })}`}
            {attempt.error !== null && <p lang="en">{attempt.error}</p>}
            {attempt.response !== null && attempt.response !== '' && (
              <pre className="command response">{attempt.response}</pre>
            )}
          </li>
        ))}
      </ol>
    </Disclosure>
  );
};
