/** One user: facts, what can be done, sub-accounts. */
import { useQuery } from '@tanstack/react-query';
import { createLazyRoute, Link, useNavigate } from '@tanstack/react-router';
import { api, ok } from '../../api/client';
import { ProblemError } from '../../api/problem';
import { queryClient } from '../../api/query-client';
import { useMay } from '../../api/session';
import { Button } from '../../parts/button';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { Fact } from '../../parts/fact';
import { FormDialog } from '../../parts/form-dialog';
import { TextField } from '../../parts/fields';
import { PageHeading } from '../../parts/page-heading';
import { Phone } from '../../parts/phone';
import { Empty, Failure, Loading } from '../../parts/states';
import { useText } from '../../text/language';
import { ShownFields, shownIn, shownValues } from './shown-fields';
import { SubAccounts } from './sub-accounts';
import { text } from './text';
import { readUsersAgain, userQuery, type User } from './users-api';
import { UserState } from './user-state';
import '../../parts/cells.css';
import './people.css';

const Page = () => {
  const t = useText(text);
  const { userId } = Route.useParams();
  const user = useQuery(userQuery(userId));
  return (
    <>
      <p>
        <Link to="/people">← {t('toUsers')}</Link>
      </p>
      {user.isPending && <Loading />}
      {user.isError && <NotThere error={user.error} userId={userId} onRetry={() => void user.refetch()} />}
      {user.data && (
        <>
          <PageHeading title={user.data.name} about={<UserState isBlocked={user.data.blocked} />}>
            <Actions user={user.data} />
          </PageHeading>
          {user.data.blocked && <p className="notice notice-bad">{t('isBlocked')}</p>}
          <Facts user={user.data} />
          <SubAccounts userId={user.data.id} />
        </>
      )}
    </>
  );
};

const NotThere = (props: { readonly error: unknown; readonly userId: string; readonly onRetry: () => void }) => {
  const t = useText(text);
  const { error, userId, onRetry } = props;
  const isMissing = error instanceof ProblemError && error.problem.status === 404;
  return (
    <>
      <PageHeading title={t('users')} />
      {isMissing ? <Empty>{t('noSuchUser', { id: userId })}</Empty> : <Failure error={error} onRetry={onRetry} />}
    </>
  );
};

const Facts = ({ user: { id, externalId, phone, shown } }: { readonly user: User }) => {
  const t = useText(text);
  const facts = [
    [t('id'), <span className="number">{id}</span>],
    [t('phone'), <Phone number={phone} />],
    [t('externalId'), <span className="long">{externalId ?? '–'}</span>],
    [t('toCaller'), shown.toCaller === null ? t('byProvider') : <Phone number={shown.toCaller} />],
    [t('toCallee'), shown.toCallee === null ? t('byProvider') : <Phone number={shown.toCallee} />],
  ] as const;
  return (
    <section className="card" aria-label={t('facts')}>
      <dl className="facts wide-facts">
        {facts.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
    </section>
  );
};

const Actions = ({ user }: { readonly user: User }) => {
  const t = useText(text);
  const navigate = useNavigate();
  if (!useMay('admin:directory:write')) return null;
  const { id, name, blocked } = user;
  const path = { userId: id };
  const setBlocked = async () => {
    await ok(api.PATCH('/v1/admin/users/{userId}', { params: { path }, body: { blocked: !blocked } }));
    await readUsersAgain();
  };
  const remove = async () => {
    await ok(api.DELETE('/v1/admin/users/{userId}', { params: { path } }));
    await navigate({ to: '/people' });
    queryClient.removeQueries({ queryKey: userQuery(id).queryKey });
    await readUsersAgain();
  };
  return (
    <>
      <ChangeUser user={user} />
      <ConfirmDialog
        trigger={<Button>{blocked ? t('unblock') : t('block')}</Button>}
        title={t(blocked ? 'unblockTitle' : 'blockTitle', { name })}
        confirm={blocked ? t('unblock') : t('block')}
        isDangerous={!blocked}
        onConfirm={setBlocked}
      >
        {t(blocked ? 'unblockWarning' : 'blockWarning', { id })}
      </ConfirmDialog>
      {!blocked && (
        <ConfirmDialog
          trigger={<Button kind="danger">{t('remove')}</Button>}
          title={t('removeUserTitle', { name })}
          confirm={t('remove')}
          onConfirm={remove}
        >
          {t('removeUserWarning', { id })}
        </ConfirmDialog>
      )}
    </>
  );
};

const valuesOf = ({ name, phone, externalId, shown }: User) => ({
  name,
  phone: phone ?? '',
  externalId: externalId ?? '',
  ...shownValues(shown),
});

type UserValues = ReturnType<typeof valuesOf>;

const ChangeUser = ({ user }: { readonly user: User }) => {
  const t = useText(text);
  const change = async (values: UserValues) => {
    const params = { path: { userId: user.id } };
    await ok(api.PATCH('/v1/admin/users/{userId}', { params, body: changesOf(user, values) }));
    await readUsersAgain();
  };
  return (
    <FormDialog
      trigger={<Button>{t('change')}</Button>}
      title={t('changeUser', { name: user.name })}
      submit={t('save')}
      initial={valuesOf(user)}
      onSubmit={change}
    >
      {({ textOf }) => (
        <>
          <TextField label={t('name')} isRequired autoFocus autoComplete="off" {...textOf('name')} />
          <TextField label={t('phone')} help={t('phoneHelp')} type="tel" autoComplete="off" {...textOf('phone')} />
          <TextField label={t('externalId')} help={t('externalIdHelp')} autoComplete="off" {...textOf('externalId')} />
          <ShownFields textOf={textOf} />
        </>
      )}
    </FormDialog>
  );
};

/** Only what was changed is sent: a number that is shown masked would not be taken. */
const changesOf = (user: User, values: UserValues) => {
  const before = valuesOf(user);
  const isChanged = (...names: (keyof UserValues)[]): boolean => names.some((name) => values[name] !== before[name]);
  return {
    ...(isChanged('name') && { name: values.name }),
    ...(isChanged('phone') && { phone: values.phone.trim() || null }),
    ...(isChanged('externalId') && { externalId: values.externalId || null }),
    ...(isChanged('shown/toCaller', 'shown/toCallee') && { shown: shownIn(values) }),
  };
};

export const Route = createLazyRoute('/people/users/$userId')({ component: Page });
