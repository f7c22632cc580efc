import { useQuery } from '@tanstack/react-query';
import { createColumnHelper } from '@tanstack/react-table';
import type { ReactElement } from 'react';
import { api, ok, type Schemas } from '../../api/client';
import { queryClient } from '../../api/query-client';
import { useMay } from '../../api/session';
import { Button } from '../../parts/button';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { DataTable } from '../../parts/data-table';
import { FormDialog } from '../../parts/form-dialog';
import { Select, TextField } from '../../parts/fields';
import { Section } from '../../parts/section';
import { useText } from '../../text/language';
import { text } from './text';
import { subAccountsQuery } from './users-api';

type SubAccount = Schemas['SubAccountReply'];

const column = createColumnHelper<SubAccount>();

export const SubAccounts = ({ userId }: { readonly userId: string }) => {
  const t = useText(text);
  const mayWrite = useMay('admin:directory:write');
  const accounts = useQuery(subAccountsQuery(userId));
  const columns = [
    column.accessor('provider', { header: t('provider') }),
    column.accessor('externalId', {
      header: t('accountId'),
      cell: ({ getValue }) => <code className="long">{getValue()}</code>,
    }),
    column.display({ id: 'secret', header: t('secret'), cell: () => <em>{t('secretHidden')}</em> }),
    ...(mayWrite
      ? [
          column.display({
            id: 'actions',
            header: t('actions'),
            cell: ({ row }) => <Actions userId={userId} account={row.original} />,
          }),
        ]
      : []),
  ];
  return (
    <Section
      title={t('subAccounts')}
      about={t('subAccountsAbout')}
      actions={
        mayWrite && (
          <StoreSubAccount
            userId={userId}
            trigger={<Button>{t('addSubAccount')}</Button>}
            title={t('addSubAccount')}
            submit={t('add')}
          />
        )
      }
    >
      <DataTable
        label={t('subAccounts')}
        columns={columns}
        rows={accounts.data?.items}
        query={accounts}
        rowId={({ provider }) => provider}
        empty={t('noSubAccounts')}
      />
    </Section>
  );
};

interface ActionProps {
  readonly userId: string;
  readonly account: SubAccount;
}

const Actions = ({ userId, account: { provider, externalId } }: ActionProps) => {
  const t = useText(text);
  const remove = async () => {
    const params = { path: { userId, provider } };
    await ok(api.DELETE('/v1/admin/users/{userId}/sub-accounts/{provider}', { params }));
    await readAgain(userId);
  };
  return (
    <span className="row-actions">
      <StoreSubAccount
        userId={userId}
        provider={provider}
        externalId={externalId}
        trigger={<Button>{t('replace')}</Button>}
        title={t('replaceSubAccount', { provider })}
        submit={t('replace')}
      />
      <ConfirmDialog
        trigger={<Button kind="danger">{t('remove')}</Button>}
        title={t('removeSubAccountTitle', { provider })}
        confirm={t('remove')}
        onConfirm={remove}
      >
        {t('removeSubAccountWarning', { id: userId, account: externalId })}
      </ConfirmDialog>
    </span>
  );
};

interface StoreProps {
  readonly userId: string;
  /** Absent: the person chooses one. */
  readonly provider?: string;
  readonly externalId?: string;
  readonly trigger: ReactElement;
  readonly title: string;
  readonly submit: string;
}

const StoreSubAccount = ({ userId, provider, externalId = '', ...props }: StoreProps) => {
  const t = useText(text);
  const store = async (values: { provider: string; externalId: string; secret: string }) => {
    const params = { path: { userId, provider: values.provider } };
    const body = { externalId: values.externalId, secret: values.secret };
    await ok(api.PUT('/v1/admin/users/{userId}/sub-accounts/{provider}', { params, body }));
    await readAgain(userId);
  };
  return (
    <FormDialog {...props} initial={{ provider: provider ?? '', externalId, secret: '' }} onSubmit={store}>
      {({ values, set, textOf }) => (
        <>
          {provider === undefined && (
            <>
              <ProviderField value={values.provider} onChange={(chosen) => set({ provider: chosen })} />
              <p className="help">{t('addSubAccountHelp')}</p>
            </>
          )}
          <TextField label={t('accountId')} isRequired autoComplete="off" {...textOf('externalId')} />
          <TextField
            label={t('secret')}
            help={t('secretHelp')}
            type="password"
            isRequired
            autoComplete="new-password"
            {...textOf('secret')}
          />
        </>
      )}
    </FormDialog>
  );
};

const ProviderField = ({ value, onChange }: { readonly value: string; readonly onChange: (name: string) => void }) => {
  const t = useText(text);
  const providers = useQuery({
    queryKey: ['providers'],
    queryFn: ({ signal }) => ok(api.GET('/v1/admin/providers', { signal })),
    staleTime: 60_000,
  });
  const names = providers.data?.items.map(({ name }) => name) ?? [];
  return (
    <Select
      label={t('provider')}
      options={names.map((name) => ({ value: name, label: name }))}
      value={value}
      onChange={onChange}
    />
  );
};

const readAgain = (userId: string): Promise<void> =>
  queryClient.invalidateQueries({ queryKey: subAccountsQuery(userId).queryKey });
