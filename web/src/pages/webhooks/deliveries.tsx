/** The deliveries to an endpoint; the filters are in the address. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { useMemo } from 'react';
import { useMay } from '../../api/session';
import { Button } from '../../parts/button';
import { DataTable } from '../../parts/data-table';
import { FilterBar, type Filter } from '../../parts/filter-bar';
import { PageLink } from '../../parts/page-link';
import { RefreshList } from '../../parts/refresh-list';
import { Section } from '../../parts/section';
import { Time } from '../../parts/time';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { answerOf, DeliveryState } from './delivery-state';
import { useTypeName } from './endpoint-state';
import { RedeliverChange, useRedelivered } from './redeliver';
import { text } from './text';
import { deliveriesQuery, DELIVERY_STATES, type Delivery, type DeliverySearch, type Endpoint } from './webhooks-api';

type Search = Partial<Record<keyof DeliverySearch, string>>;

interface Props {
  readonly endpoint: Endpoint;
  readonly search: Search;
  readonly onChange: (search: Search) => void;
}

const column = createColumnHelper<Delivery>();

const useColumns = (endpoint: Endpoint, onRedelivered: (count: number) => void) => {
  const t = useText(text);
  const nameOf = useTypeName();
  const mayRedeliver = useMay('admin:webhooks:write');
  return [
    column.accessor('createdAt', {
      header: t('at'),
      cell: ({ getValue }) => (
        <span className="when">
          <Time at={getValue()} />
        </span>
      ),
    }),
    column.accessor('callSid', {
      header: t('call'),
      cell: ({ getValue }) => (
        <PageLink target={`call:${getValue()}`}>
          <code className="long">{getValue()}</code>
        </PageLink>
      ),
    }),
    column.accessor('number', {
      header: t('changeOfCall'),
      cell: ({ row: { original } }) => (
        <Link
          to="/webhooks/$endpointId/deliveries/$deliveryId"
          params={{ endpointId: endpoint.id, deliveryId: original.id }}
        >
          {original.number}: {nameOf(original.type)}
        </Link>
      ),
    }),
    column.accessor('state', {
      header: t('state'),
      cell: ({ getValue }) => <DeliveryState state={getValue()} />,
    }),
    column.accessor('attempts', {
      header: t('attempts'),
      cell: ({ getValue }) => <Attempts attempts={getValue()} />,
    }),
    ...(mayRedeliver
      ? [
          column.display({
            id: 'again',
            header: '',
            cell: ({ row: { original } }) => (
              <span className="row-action">
                <RedeliverChange
                  endpoint={endpoint}
                  delivery={original}
                  onDone={onRedelivered}
                  trigger={
                    <Button aria-label={`${t('again')}: ${original.id}`} kind="quiet">
                      {t('again')}
                    </Button>
                  }
                />
              </span>
            ),
          }),
        ]
      : []),
  ];
};

const Attempts = ({ attempts }: Pick<Delivery, 'attempts'>) => {
  const t = useText(text);
  const last = attempts.at(-1);
  if (!last) return <span className="quiet">{t('noAttempt')}</span>;
  return t('lastAnswer', { count: attempts.length, answer: answerOf(last, t) });
};

const useFilters = (): readonly Filter<keyof DeliverySearch>[] => {
  const t = useText(text);
  return useMemo(
    () => [
      {
        name: 'state',
        label: t('state'),
        options: DELIVERY_STATES.map((value) => ({ value, label: t(`state.${value}`) })),
      },
      { name: 'callSid', label: t('call'), placeholder: t('callExample') },
    ],
    [t],
  );
};

export const Deliveries = ({ endpoint, search, onChange }: Props) => {
  const t = useText(text);
  const c = useText(common);
  const { notice, onDone } = useRedelivered();
  const columns = useColumns(endpoint, onDone);
  const filters = useFilters();
  const options = deliveriesQuery(endpoint.id, search);
  const deliveries = useInfiniteQuery(options);
  const rows = deliveries.data?.pages.flatMap(({ items }) => items);
  return (
    <Section
      title={t('deliveries')}
      about={t('deliveriesAbout')}
      actions={<RefreshList query={deliveries} queryKey={options.queryKey} />}
    >
      <FilterBar filters={filters} search={search} onChange={onChange} />
      {notice}
      <DataTable
        label={t('deliveries')}
        columns={columns}
        rows={rows}
        query={deliveries}
        examined={{ noneYet: t('noneYet'), lookOn: t('lookOn') }}
        rowId={({ id }) => id}
        empty={Object.keys(search).length > 0 ? c('nothingFound') : t('noDeliveries')}
      />
    </Section>
  );
};
