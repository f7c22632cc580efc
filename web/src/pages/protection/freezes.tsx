/** The freezes in force. */
import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { createLazyRoute } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { api, ok, type Schemas } from '../../api/client';
import { IN_PAGES, pageAfter, REFRESHES_FIRST_PAGE } from '../../api/pages';
import { queryClient } from '../../api/query-client';
import { useMay } from '../../api/session';
import { Button } from '../../parts/button';
import { Checkbox } from '../../parts/checkbox';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { DataTable } from '../../parts/data-table';
import { FormDialog } from '../../parts/form-dialog';
import { Select, TextField } from '../../parts/fields';
import { Said } from '../../parts/said';
import { Section } from '../../parts/section';
import { Time } from '../../parts/time';
import { useLanguage, useLanguageTag, useText } from '../../text/language';
import { FREEZE_RULES } from '../../text/service-words';
import { ProtectionFrame } from './frame';
import { text } from './text';

type Freeze = Schemas['FreezeReply'];
type Kind = Freeze['kind'];

const FREEZES = ['freezes'] as const;
/** A rule may freeze at any time. */

const freezesQuery = infiniteQueryOptions({
  queryKey: FREEZES,
  queryFn: ({ signal, pageParam }) =>
    ok(api.GET('/v1/admin/freezes', { params: { query: pageAfter(pageParam) }, signal })),
  ...IN_PAGES,
  ...REFRESHES_FIRST_PAGE,
});

const readAgain = (): Promise<void> => queryClient.invalidateQueries({ queryKey: FREEZES });

const Page = () => {
  const t = useText(text);
  const mayWrite = useMay('admin:protection:write');
  return (
    <ProtectionFrame>
      <Section title={t('freezesTitle')} about={t('freezesAbout')} actions={mayWrite && <MakeFreeze />}>
        <Freezes mayWrite={mayWrite} />
      </Section>
    </ProtectionFrame>
  );
};

const column = createColumnHelper<Freeze>();
const BY_RULE = /^rule (\w+)$/;

const Freezes = ({ mayWrite }: { readonly mayWrite: boolean }) => {
  const t = useText(text);
  const { language } = useLanguage();
  const freezes = useInfiniteQuery(freezesQuery);
  const columns = [
    column.accessor('kind', {
      header: t('kind'),
      cell: ({ getValue }) => t(`kind.${getValue()}`),
    }),
    column.accessor('subject', {
      header: t('subject'),
      cell: ({ row }) => <Subject freeze={row.original} />,
    }),
    column.accessor('reason', {
      header: t('reason'),
      cell: ({ row }) => <Reason freeze={row.original} />,
    }),
    column.accessor('frozenBy', {
      header: t('frozenBy'),
      cell: ({ getValue }) => {
        const [, rule] = BY_RULE.exec(getValue()) ?? [];
        if (rule === undefined) return <span className="long">{getValue()}</span>;
        return t('byRule', { rule: FREEZE_RULES[rule]?.[language] ?? rule });
      },
    }),
    column.accessor('createdAt', {
      header: t('frozenAt'),
      cell: ({ getValue }) => <Time at={getValue()} />,
    }),
    ...(mayWrite
      ? [
          column.display({
            id: 'actions',
            header: t('actions'),
            cell: ({ row }) => <Lift freeze={row.original} />,
          }),
        ]
      : []),
  ];
  return (
    <DataTable
      label={t('freezesTitle')}
      columns={columns}
      rows={freezes.data?.pages.flatMap(({ items }) => items)}
      query={freezes}
      rowId={({ id }) => id}
      empty={t('noFreezes')}
    />
  );
};

/** A rule's is a sentence of the service; a person's is as it was written. */
const Reason = ({ freeze: { reason, frozenBy } }: { readonly freeze: Freeze }) => (
  <span className="long">{reason !== null && BY_RULE.test(frozenBy) ? <Said>{reason}</Said> : (reason ?? '–')}</span>
);

const useSubject = (): ((freeze: Pick<Freeze, 'kind' | 'subject'>) => string) => {
  const tag = useLanguageTag();
  return ({ kind, subject }) => {
    if (kind === 'all') return '–';
    if (kind !== 'country') return subject;
    const name = new Intl.DisplayNames(tag, { type: 'region', fallback: 'none' }).of(subject);
    return name === undefined ? subject : `${name} (${subject})`;
  };
};

const Subject = ({ freeze }: { readonly freeze: Freeze }) => {
  const subjectOf = useSubject();
  return <span className="long">{subjectOf(freeze)}</span>;
};

const Lift = ({ freeze }: { readonly freeze: Freeze }) => {
  const t = useText(text);
  const subjectOf = useSubject();
  const kind = t(`kind.${freeze.kind}`);
  const lift = async () => {
    await ok(api.DELETE('/v1/admin/freezes/{freezeId}', { params: { path: { freezeId: freeze.id } } }));
    await readAgain();
  };
  return (
    <ConfirmDialog trigger={<Button>{t('lift')}</Button>} title={t('liftTitle')} confirm={t('lift')} onConfirm={lift}>
      {t('liftWarning', { what: freeze.kind === 'all' ? kind : `${kind}: ${subjectOf(freeze)}` })}
    </ConfirmDialog>
  );
};

const KINDS: readonly Kind[] = ['user', 'sub_account', 'country', 'all'];

type FreezeValues = {
  readonly kind: Kind;
  readonly subject: string;
  readonly reason: string;
  readonly hangUp: boolean;
};

const NEW_FREEZE: FreezeValues = { kind: 'user', subject: '', reason: '', hangUp: false };

const MakeFreeze = () => {
  const t = useText(text);
  const freeze = async ({ kind, subject, reason, hangUp }: FreezeValues) => {
    const body = {
      kind,
      hangUp,
      ...(kind !== 'all' && { subject: kind === 'country' ? subject.trim().toUpperCase() : subject.trim() }),
      ...(reason.trim() !== '' && { reason: reason.trim() }),
    };
    await ok(api.POST('/v1/admin/freezes', { body }));
    await readAgain();
  };
  return (
    <FormDialog
      trigger={<Button kind="danger">{t('freeze')}</Button>}
      title={t('freezeTitle')}
      submit={t('freeze')}
      isDangerous
      initial={NEW_FREEZE}
      onSubmit={freeze}
    >
      {({ values: { kind, hangUp }, set, textOf }) => (
        <>
          <Select
            label={t('kind')}
            options={KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))}
            value={kind}
            onChange={(chosen) => set({ kind: chosen, subject: '' })}
          />
          {kind !== 'all' && (
            <TextField
              label={t(`subject.${kind}`)}
              help={t(`subjectHelp.${kind}`)}
              isRequired
              autoComplete="off"
              {...textOf('subject')}
            />
          )}
          <TextField label={t('reason')} help={t('freezeReasonHelp')} autoComplete="off" {...textOf('reason')} />
          <Checkbox isSelected={hangUp} onChange={(chosen) => set({ hangUp: chosen })}>
            {t('hangUp')}
            <br />
            <span className="help">{t('hangUpHelp')}</span>
          </Checkbox>
          <p className="notice notice-bad">{t(`effect.${kind}`)}</p>
        </>
      )}
    </FormDialog>
  );
};

export const Route = createLazyRoute('/protection/freezes')({ component: Page });
