import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { createColumnHelper } from '@tanstack/react-table';
import type { ReactElement } from 'react';
import { api, ok, type Schemas } from '../../api/client';
import { IN_PAGES, pageAfter, REFRESHES_FIRST_PAGE } from '../../api/pages';
import { queryClient } from '../../api/query-client';
import { Button } from '../../parts/button';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { DataTable } from '../../parts/data-table';
import { FormDialog } from '../../parts/form-dialog';
import { Select, TextField } from '../../parts/fields';
import { Section } from '../../parts/section';
import { TIME_ZONE } from '../../parts/time';
import { useLanguageTag, useText } from '../../text/language';
import { text } from './text';

type Budget = Schemas['BudgetReply'];

const BUDGETS = ['budgets'] as const;

const budgetsQuery = infiniteQueryOptions({
  queryKey: BUDGETS,
  queryFn: ({ signal, pageParam }) =>
    ok(api.GET('/v1/admin/budgets', { params: { query: pageAfter(pageParam) }, signal })),
  ...IN_PAGES,
  ...REFRESHES_FIRST_PAGE,
});

const readAgain = (): Promise<void> => queryClient.invalidateQueries({ queryKey: BUDGETS });

const column = createColumnHelper<Budget>();

export const Budgets = ({ mayWrite }: { readonly mayWrite: boolean }) => {
  const t = useText(text);
  const budgets = useInfiniteQuery(budgetsQuery);
  const whoseOf = useWhose();
  const columns = [
    column.accessor(whoseOf, {
      id: 'whose',
      header: t('whose'),
      cell: ({ getValue }) => <span className="long">{getValue()}</span>,
    }),
    column.accessor('period', {
      header: t('period'),
      cell: ({ row }) => <Period budget={row.original} />,
    }),
    column.accessor('amount', {
      header: t('amount'),
      cell: ({ row: { original } }) => <Amount amount={original.amount} of={original} />,
    }),
    column.accessor('settled', {
      header: t('spent'),
      cell: ({ row: { original } }) => <Amount amount={original.settled} of={original} />,
    }),
    column.accessor('reserved', {
      header: t('reserved'),
      cell: ({ row: { original } }) => <Amount amount={original.reserved} of={original} />,
    }),
    column.accessor('left', {
      header: t('left'),
      cell: ({ row }) => <Left budget={row.original} />,
    }),
    ...(mayWrite
      ? [
          column.display({
            id: 'actions',
            header: t('actions'),
            cell: ({ row }) => <Actions budget={row.original} />,
          }),
        ]
      : []),
  ];
  return (
    <Section
      title={t('budgets')}
      about={t('budgetsAbout')}
      actions={
        mayWrite && <BudgetForm trigger={<Button kind="main">{t('addBudget')}</Button>} title={t('budgetTitle')} />
      }
    >
      <DataTable
        label={t('budgets')}
        columns={columns}
        rows={budgets.data?.pages.flatMap(({ items }) => items)}
        query={budgets}
        rowId={({ id }) => id}
        empty={t('noBudgets')}
      />
    </Section>
  );
};

const EACH = '*';

const useWhose = (): ((budget: Budget) => string) => {
  const t = useText(text);
  return ({ kind, subject }) => {
    if (kind === 'user' && subject === EACH) return t('whose.each');
    return t(`whose.${kind}`, { subject });
  };
};

const Amount = ({ amount, of: { currency } }: { readonly amount: string | null; readonly of: Budget }) => {
  if (amount === null) return '–';
  return <span className="unbroken">{currency === null ? amount : `${amount} ${currency}`}</span>;
};

const Period = ({ budget: { period, periodStart, timeZone } }: { readonly budget: Budget }) => {
  const t = useText(text);
  const tag = useLanguageTag();
  // A day begins by the budget's own clock.
  const date = new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeZone }).format(new Date(periodStart));
  return (
    <span className="lines">
      {t(`period.${period}`)}
      <span className="quiet">{t('periodSince', { date, zone: timeZone })}</span>
    </span>
  );
};

const Left = ({ budget }: { readonly budget: Budget }) => {
  const t = useText(text);
  if (budget.left === null) return <span className="quiet">{t('eachHasAll')}</span>;
  return (
    <span className="load">
      <Amount amount={budget.left} of={budget} />
      <meter min={0} max={Number(budget.amount)} value={Number(budget.left)} aria-label={t('left')} />
    </span>
  );
};

const Actions = ({ budget }: { readonly budget: Budget }) => {
  const t = useText(text);
  const whoseOf = useWhose();
  const remove = async () => {
    await ok(api.DELETE('/v1/admin/budgets/{budgetId}', { params: { path: { budgetId: budget.id } } }));
    await readAgain();
  };
  return (
    <span className="row-actions">
      <BudgetForm budget={budget} trigger={<Button>{t('change')}</Button>} title={whoseOf(budget)} />
      <ConfirmDialog
        trigger={<Button kind="danger">{t('remove')}</Button>}
        title={t('removeBudgetTitle')}
        confirm={t('remove')}
        onConfirm={remove}
      >
        {t('removeBudgetWarning', { whose: whoseOf(budget) })}
      </ConfirmDialog>
    </span>
  );
};

const CALLS = ['each', 'user', 'sub_account', 'all'] as const;
const PERIODS = ['day', 'month'] as const;

type BudgetValues = {
  readonly calls: (typeof CALLS)[number];
  readonly subject: string;
  readonly period: Budget['period'];
  readonly amount: string;
  readonly timeZone: string;
};

const valuesOf = (budget: Budget | undefined): BudgetValues => {
  if (!budget) return { calls: 'each', subject: '', period: 'day', amount: '', timeZone: TIME_ZONE };
  const { kind, subject, period, amount, timeZone } = budget;
  return { calls: kind === 'user' && subject === EACH ? 'each' : kind, subject, period, amount, timeZone };
};

const bodyOf = ({ calls, subject, period, amount, timeZone }: BudgetValues): Schemas['BudgetBody'] => ({
  kind: calls === 'each' ? 'user' : calls,
  ...(calls === 'each' && { subject: EACH }),
  ...((calls === 'user' || calls === 'sub_account') && { subject: subject.trim() }),
  period,
  amount: amount.trim(),
  timeZone: timeZone.trim(),
});

interface FormProps {
  /** Absent: the person chooses its calls and its period. */
  readonly budget?: Budget;
  readonly trigger: ReactElement;
  readonly title: string;
}

const BudgetForm = ({ budget, trigger, title }: FormProps) => {
  const t = useText(text);
  const store = async (values: BudgetValues) => {
    await ok(api.PUT('/v1/admin/budgets', { body: bodyOf(values) }));
    await readAgain();
  };
  return (
    <FormDialog trigger={trigger} title={title} submit={t('setBudget')} initial={valuesOf(budget)} onSubmit={store}>
      {({ values: { calls, period }, set, textOf }) => (
        <>
          {budget === undefined && (
            <>
              <p className="help">{t('budgetHelp')}</p>
              <div className="pair">
                <Select
                  label={t('budgetOf')}
                  options={CALLS.map((value) => ({ value, label: t(`budgetOf.${value}`) }))}
                  value={calls}
                  onChange={(chosen) => set({ calls: chosen, subject: '' })}
                />
                <Select
                  label={t('period')}
                  options={PERIODS.map((value) => ({ value, label: t(`period.${value}`) }))}
                  value={period}
                  onChange={(chosen) => set({ period: chosen })}
                />
              </div>
              {(calls === 'user' || calls === 'sub_account') && (
                <TextField
                  label={t(`subject.${calls}`)}
                  help={t(`subjectHelp.${calls}`)}
                  isRequired
                  autoComplete="off"
                  {...textOf('subject')}
                />
              )}
            </>
          )}
          <TextField
            label={t('amount')}
            help={t('amountHelp')}
            isRequired
            inputMode="decimal"
            autoComplete="off"
            {...textOf('amount')}
          />
          <TextField
            label={t('timeZone')}
            help={t('timeZoneHelp')}
            isRequired
            autoComplete="off"
            {...textOf('timeZone')}
          />
        </>
      )}
    </FormDialog>
  );
};
