import { useInfiniteQuery } from '@tanstack/react-query';
import { createLazyRoute, Link, useNavigate } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { api, ok } from '../../api/client';
import { useMay } from '../../api/session';
import { Button } from '../../parts/button';
import { DataTable } from '../../parts/data-table';
import { FilterBar } from '../../parts/filter-bar';
import { FormDialog } from '../../parts/form-dialog';
import { TextField } from '../../parts/fields';
import { Phone } from '../../parts/phone';
import { Section } from '../../parts/section';
import { useText } from '../../text/language';
import { PeopleFrame } from './frame';
import { ShownFields, shownIn } from './shown-fields';
import { text } from './text';
import { readUsersAgain, usersQuery, type User, type UserSearch } from './users-api';
import { UserState } from './user-state';

const Page = () => {
  const t = useText(text);
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const mayWrite = useMay('admin:directory:write');
  const change = (next: UserSearch) => void navigate({ search: askedFor(next, search) });
  return (
    <PeopleFrame>
      <Section title={t('users')} actions={mayWrite && <AddUser />}>
        <FilterBar
          filters={[
            { name: 'user', label: t('user'), placeholder: t('userExample') },
            { name: 'name', label: t('name'), placeholder: t('nameExample') },
            { name: 'phone', label: t('phone'), placeholder: t('phoneExample'), type: 'tel' },
          ]}
          search={search}
          onChange={change}
        />
        <Users search={search} />
      </Section>
    </PeopleFrame>
  );
};

/** One user is asked for by id, so the other filters do not count then: the one that was written last does. */
const askedFor = ({ user, ...filters }: UserSearch, before: UserSearch): UserSearch =>
  user !== undefined && (user !== before.user || Object.keys(filters).length === 0) ? { user } : filters;

const column = createColumnHelper<User>();

const Users = ({ search }: { readonly search: UserSearch }) => {
  const t = useText(text);
  const users = useInfiniteQuery(usersQuery(search));
  const columns = [
    column.accessor('id', {
      header: t('id'),
      cell: ({ getValue }) => (
        <Link to="/people/users/$userId" params={{ userId: getValue() }} className="number">
          {getValue()}
        </Link>
      ),
    }),
    column.accessor('name', { header: t('name') }),
    column.accessor('phone', {
      header: t('phone'),
      cell: ({ getValue }) => <Phone number={getValue()} />,
    }),
    column.accessor('externalId', {
      header: t('externalId'),
      cell: ({ getValue }) => <span className="long">{getValue() ?? '–'}</span>,
    }),
    column.accessor('blocked', {
      header: t('state'),
      cell: ({ getValue }) => <UserState isBlocked={getValue()} />,
    }),
  ];
  return (
    <DataTable
      label={t('users')}
      columns={columns}
      rows={users.data?.pages.flatMap(({ items }) => items)}
      query={users}
      rowId={({ id }) => id}
      empty={Object.keys(search).length === 0 ? t('noUsers') : t('noneFound')}
    />
  );
};

const NEW_USER = { id: '', name: '', phone: '', externalId: '', 'shown/toCaller': '', 'shown/toCallee': '' };

const AddUser = () => {
  const t = useText(text);
  const navigate = useNavigate();
  const add = async ({ id, name, phone, externalId, ...shown }: typeof NEW_USER) => {
    const body = {
      id: id.trim(),
      name,
      phone: phone.trim() || null,
      externalId: externalId || null,
      shown: shownIn(shown),
    };
    const user = await ok(api.POST('/v1/admin/users', { body }));
    await readUsersAgain();
    await navigate({ to: '/people/users/$userId', params: { userId: user.id } });
  };
  return (
    <FormDialog
      trigger={<Button kind="main">{t('addUser')}</Button>}
      title={t('addUser')}
      submit={t('add')}
      initial={NEW_USER}
      onSubmit={add}
    >
      {({ textOf }) => (
        <>
          <TextField
            label={t('id')}
            help={t('idHelp')}
            isRequired
            autoFocus
            autoComplete="off"
            inputMode="numeric"
            {...textOf('id')}
          />
          <TextField label={t('name')} isRequired autoComplete="off" {...textOf('name')} />
          <TextField label={t('phone')} help={t('phoneHelp')} type="tel" autoComplete="off" {...textOf('phone')} />
          <TextField label={t('externalId')} help={t('externalIdHelp')} autoComplete="off" {...textOf('externalId')} />
          <ShownFields textOf={textOf} />
        </>
      )}
    </FormDialog>
  );
};

export const Route = createLazyRoute('/people')({ component: Page });
