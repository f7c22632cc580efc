/** One delivery, with each attempt. */
import { useQuery } from '@tanstack/react-query';
import { createLazyRoute, Link } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { useMay } from '../../api/session';
import { Button } from '../../parts/button';
import { DataTable } from '../../parts/data-table';
import { Fact } from '../../parts/fact';
import { PageHeading } from '../../parts/page-heading';
import { PageLink } from '../../parts/page-link';
import { Section } from '../../parts/section';
import { Empty, Failure, Loading } from '../../parts/states';
import { Time } from '../../parts/time';
import { useText } from '../../text/language';
import { answerOf, DeliveryState } from './delivery-state';
import { useTypeName } from './endpoint-state';
import { NotThere } from './not-there';
import { RedeliverCall, RedeliverChange, useRedelivered } from './redeliver';
import { text } from './text';
import {
  callOf,
  deliveriesOfCallQuery,
  endpointQuery,
  type Attempt,
  type Delivery,
  type Endpoint,
} from './webhooks-api';
import './webhooks.css';

const Page = () => {
  const t = useText(text);
  const { endpointId, deliveryId } = Route.useParams();
  const callSid = callOf(deliveryId);
  const endpoint = useQuery(endpointQuery(endpointId));
  const deliveries = useQuery(deliveriesOfCallQuery(endpointId, callSid));
  const delivery = deliveries.data?.find(({ id }) => id === deliveryId);
  const isLoaded = endpoint.data !== undefined && deliveries.data !== undefined;
  return (
    <>
      <p>
        <Link to="/webhooks/$endpointId" params={{ endpointId }}>
          ← {t('toDeliveries', { id: endpointId })}
        </Link>
      </p>
      {delivery === undefined && <PageHeading title={t('deliveries')} />}
      {endpoint.isError && (
        <NotThere error={endpoint.error} endpointId={endpointId} onRetry={() => void endpoint.refetch()} />
      )}
      {!endpoint.isError && deliveries.isError && (
        <Failure error={deliveries.error} onRetry={() => void deliveries.refetch()} />
      )}
      {!isLoaded && !endpoint.isError && !deliveries.isError && <Loading />}
      {isLoaded && delivery === undefined && <Empty>{t('noSuchDelivery')}</Empty>}
      {endpoint.data && delivery && (
        <Found key={deliveryId} endpoint={endpoint.data} delivery={delivery} ofCall={deliveries.data ?? []} />
      )}
    </>
  );
};

interface Props {
  readonly endpoint: Endpoint;
  readonly delivery: Delivery;
  /** All deliveries of the call's changes, this one too. */
  readonly ofCall: readonly Delivery[];
}

const Found = ({ endpoint, delivery, ofCall }: Props) => {
  const t = useText(text);
  const nameOf = useTypeName();
  const mayRedeliver = useMay('admin:webhooks:write');
  const { notice, onDone } = useRedelivered();
  const { number, type, callSid } = delivery;
  return (
    <>
      <PageHeading
        title={t('delivery', { number, type: nameOf(type) })}
        about={<code className="long">{endpoint.url}</code>}
      >
        {mayRedeliver && (
          <>
            <RedeliverChange
              endpoint={endpoint}
              delivery={delivery}
              onDone={onDone}
              trigger={<Button kind="main">{t('again')}</Button>}
            />
            {ofCall.length > 1 && (
              <RedeliverCall
                endpoint={endpoint}
                callSid={callSid}
                count={ofCall.length}
                onDone={onDone}
                trigger={<Button>{t('allAgain')}</Button>}
              />
            )}
          </>
        )}
      </PageHeading>
      {notice}
      <Facts delivery={delivery} />
      <Section title={t('attempts')}>
        <Attempts attempts={delivery.attempts} />
      </Section>
      <Siblings endpointId={endpoint.id} delivery={delivery} ofCall={ofCall} />
    </>
  );
};

const Facts = ({ delivery: { id, callSid, type, state, createdAt, settledAt } }: Pick<Props, 'delivery'>) => {
  const t = useText(text);
  return (
    <section className="card" aria-label={t('facts')}>
      <dl className="facts delivery-facts">
        <Fact name={t('state')}>
          <DeliveryState state={state} />
        </Fact>
        <Fact name={t('type')}>
          <code>{type}</code>
        </Fact>
        <Fact name={t('createdAt')}>
          <Time at={createdAt} />
        </Fact>
        <Fact name={t('settledAt')}>
          <Time at={settledAt} />
        </Fact>
        <Fact name={t('call')}>
          <PageLink target={`call:${callSid}`}>
            <code className="long">{callSid}</code>
          </PageLink>
        </Fact>
        <Fact name={t('webhookId')}>
          <code className="long">{id}</code>
        </Fact>
      </dl>
    </section>
  );
};

const column = createColumnHelper<Attempt>();

const Attempts = ({ attempts }: Pick<Delivery, 'attempts'>) => {
  const t = useText(text);
  const columns = [
    column.accessor('startedAt', {
      header: t('at'),
      cell: ({ getValue }) => (
        <span className="when">
          <Time at={getValue()} />
        </span>
      ),
    }),
    column.accessor('status', {
      header: t('status'),
      cell: ({ row: { original } }) => answerOf(original, t),
    }),
    column.accessor('durationMs', {
      header: t('duration'),
      cell: ({ getValue }) => {
        const count = getValue();
        return count === null ? '–' : <span className="when">{t('ms', { count })}</span>;
      },
    }),
    column.accessor('error', {
      header: t('error'),
      cell: ({ getValue }) => (
        <span className="long" lang="en">
          {getValue() ?? '–'}
        </span>
      ),
    }),
    column.accessor('response', {
      header: t('response'),
      cell: ({ getValue }) => {
        const body = getValue();
        return body === null || body === '' ? '–' : <pre className="response">{body}</pre>;
      },
    }),
  ];
  return <DataTable label={t('attempts')} columns={columns} rows={attempts} empty={t('noAttempt')} />;
};

const Siblings = ({ endpointId, delivery, ofCall }: Omit<Props, 'endpoint'> & { readonly endpointId: string }) => {
  const t = useText(text);
  const nameOf = useTypeName();
  const others = ofCall.filter(({ id }) => id !== delivery.id);
  if (others.length === 0) return null;
  return (
    <Section title={t('siblings')}>
      <ul className="siblings">
        {others.map(({ id, number, type, state }) => (
          <li key={id}>
            <Link to="/webhooks/$endpointId/deliveries/$deliveryId" params={{ endpointId, deliveryId: id }}>
              {number}: {nameOf(type)}
            </Link>{' '}
            <DeliveryState state={state} />
          </li>
        ))}
      </ul>
    </Section>
  );
};

export const Route = createLazyRoute('/webhooks/$endpointId/deliveries/$deliveryId')({ component: Page });
