/** The lines of customer service. */
import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { createLazyRoute } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { Fragment } from 'react';
import { api, ok } from '../../api/client';
import { IN_PAGES, pageAfter } from '../../api/pages';
import { queryClient } from '../../api/query-client';
import { useMay } from '../../api/session';
import { Badge } from '../../parts/badge';
import { Button } from '../../parts/button';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { DataTable } from '../../parts/data-table';
import { Phone } from '../../parts/phone';
import { Section } from '../../parts/section';
import { useText } from '../../text/language';
import { PeopleFrame } from './frame';
import { Hours } from './hours';
import { LineForm, type Line, type WrittenLine } from './line-form';
import { text } from './text';

const LINES = ['service lines'] as const;

const linesQuery = infiniteQueryOptions({
  queryKey: LINES,
  queryFn: ({ signal, pageParam }) =>
    ok(api.GET('/v1/admin/service-lines', { params: { query: pageAfter(pageParam) }, signal })),
  ...IN_PAGES,
  refetchOnWindowFocus: false,
});

const readLinesAgain = (): Promise<void> => queryClient.invalidateQueries({ queryKey: LINES });

const Page = () => {
  const t = useText(text);
  const mayWrite = useMay('admin:directory:write');
  const add = async (body: WrittenLine) => {
    await ok(api.POST('/v1/admin/service-lines', { body }));
    await readLinesAgain();
  };
  return (
    <PeopleFrame>
      <Section
        title={t('lines')}
        about={t('linesAbout')}
        actions={
          mayWrite && (
            <LineForm
              trigger={<Button kind="main">{t('addLine')}</Button>}
              title={t('addLine')}
              submit={t('add')}
              onStore={add}
            />
          )
        }
      >
        <Lines mayWrite={mayWrite} />
      </Section>
    </PeopleFrame>
  );
};

const column = createColumnHelper<Line>();

const Lines = ({ mayWrite }: { readonly mayWrite: boolean }) => {
  const t = useText(text);
  const lines = useInfiniteQuery(linesQuery);
  const columns = [
    // In the order in which they ring.
    column.accessor('position', { header: t('position') }),
    column.accessor('name', { header: t('lineName') }),
    column.accessor('phones', {
      header: t('phone'),
      cell: ({ row }) => <Phones line={row.original} />,
    }),
    column.accessor('open', {
      header: t('state'),
      cell: ({ getValue }) =>
        getValue() ? <Badge tone="good">{t('open')}</Badge> : <Badge tone="warn">{t('closed')}</Badge>,
    }),
    column.accessor('hours', {
      header: t('hours'),
      cell: ({ getValue }) => <Hours hours={getValue()} />,
    }),
    column.accessor('callsAtOnce', {
      header: t('callsAtOnce'),
      cell: ({ getValue }) => getValue() ?? t('noLimit'),
    }),
    ...(mayWrite
      ? [
          column.display({
            id: 'actions',
            header: t('actions'),
            cell: ({ row }) => <Actions line={row.original} />,
          }),
        ]
      : []),
  ];
  return (
    <DataTable
      label={t('lines')}
      columns={columns}
      rows={lines.data?.pages.flatMap(({ items }) => items)}
      query={lines}
      rowId={({ id }) => id}
      empty={t('noLines')}
    />
  );
};

/** Those that ring, and what the phones show instead of the numbers of the provider's settings. */
const Phones = ({ line: { phones, hunt, shown } }: { readonly line: Line }) => {
  const t = useText(text);
  const all = phones.map(({ phone, ringSeconds }, place) => (
    // Two masked numbers may look alike.
    <Fragment key={place}>
      <Phone number={phone} />{' '}
      {ringSeconds !== null && <span className="quiet unbroken">{t('ringsFor', { count: ringSeconds })}</span>}
    </Fragment>
  ));
  return (
    <div className="lines">
      {phones.length === 1 ? (
        <span>{all}</span>
      ) : (
        <>
          <ol className="tried">
            {all.map((one) => (
              <li key={one.key}>{one}</li>
            ))}
          </ol>
          <span className="quiet">{t(hunt === 'turn' ? 'inTurn' : 'inOrder')}</span>
        </>
      )}
      {(['toCaller', 'toCallee'] as const).map(
        (side) =>
          shown[side] !== null && (
            <span key={side} className="quiet">
              {t(side)} <Phone number={shown[side]} />
            </span>
          ),
      )}
    </div>
  );
};

const Actions = ({ line }: { readonly line: Line }) => {
  const t = useText(text);
  const { id, name, open } = line;
  const params = { path: { lineId: id } };
  const change = async (body: Partial<WrittenLine>) => {
    await ok(api.PATCH('/v1/admin/service-lines/{lineId}', { params, body }));
    await readLinesAgain();
  };
  const remove = async () => {
    await ok(api.DELETE('/v1/admin/service-lines/{lineId}', { params }));
    await readLinesAgain();
  };
  return (
    <span className="row-actions">
      <LineForm
        line={line}
        trigger={<Button>{t('change')}</Button>}
        title={t('changeLine', { name })}
        submit={t('save')}
        onStore={change}
      />
      <ConfirmDialog
        trigger={<Button>{open ? t('closeLine') : t('openLine')}</Button>}
        title={t(open ? 'closeLineTitle' : 'openLineTitle', { name })}
        confirm={open ? t('closeLine') : t('openLine')}
        isDangerous={open}
        onConfirm={() => change({ open: !open })}
      >
        {open ? t('closeLineWarning') : t('openLineWarning')}
      </ConfirmDialog>
      <ConfirmDialog
        trigger={<Button kind="danger">{t('remove')}</Button>}
        title={t('removeLineTitle', { name })}
        confirm={t('remove')}
        onConfirm={remove}
      >
        {t('removeLineWarning')}
      </ConfirmDialog>
    </span>
  );
};

export const Route = createLazyRoute('/people/lines')({ component: Page });
