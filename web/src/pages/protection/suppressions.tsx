/** The numbers that must not be called. */
import { infiniteQueryOptions, useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { createLazyRoute } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { api, ok, type Schemas } from '../../api/client';
import { csvBody, pastedText } from '../../api/csv';
import { IN_PAGES, pageAfter } from '../../api/pages';
import { ProblemError } from '../../api/problem';
import { queryClient } from '../../api/query-client';
import { saveFile } from '../../api/save-file';
import { useMay } from '../../api/session';
import { Badge } from '../../parts/badge';
import { Button } from '../../parts/button';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { DataTable } from '../../parts/data-table';
import { FilterBar } from '../../parts/filter-bar';
import { FormDialog } from '../../parts/form-dialog';
import { TextField } from '../../parts/fields';
import { Phone } from '../../parts/phone';
import { Section } from '../../parts/section';
import { Failure } from '../../parts/states';
import { TextArea } from '../../parts/text-area';
import { Time, TIME_ZONE } from '../../parts/time';
import { useText } from '../../text/language';
import { ProtectionFrame } from './frame';
import { SendFile } from './send-file';
import { text } from './text';

type Suppression = Schemas['SuppressionReply'];

interface Search {
  readonly phone?: string;
}

const SUPPRESSIONS = ['suppressions'] as const;

const suppressionsQuery = (search: Search) =>
  infiniteQueryOptions({
    queryKey: [...SUPPRESSIONS, search],
    queryFn: ({ signal, pageParam }) => {
      const query = { ...search, ...pageAfter(pageParam) };
      return ok(api.GET('/v1/admin/suppressions', { params: { query }, signal }));
    },
    ...IN_PAGES,
    // Each reading is an entry of the audit.
    refetchOnWindowFocus: false,
  });

const readAgain = (): Promise<void> => queryClient.invalidateQueries({ queryKey: SUPPRESSIONS });

const Page = () => {
  const t = useText(text);
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const mayWrite = useMay('admin:protection:write');
  return (
    <ProtectionFrame>
      <Section title={t('suppressionsTitle')} about={t('suppressionsAbout')} actions={mayWrite && <AddNumbers />}>
        <FilterBar
          filters={[{ name: 'phone', label: t('phone'), placeholder: t('phoneExample'), type: 'tel' }]}
          search={search}
          onChange={(next) => void navigate({ search: next })}
        />
        <Suppressions search={search} mayWrite={mayWrite} />
      </Section>
      <AsFile mayWrite={mayWrite} />
    </ProtectionFrame>
  );
};

const column = createColumnHelper<Suppression>();

const Suppressions = ({ search, mayWrite }: { readonly search: Search; readonly mayWrite: boolean }) => {
  const t = useText(text);
  const list = useInfiniteQuery(suppressionsQuery(search));
  const columns = [
    column.accessor('phone', {
      header: t('phone'),
      cell: ({ getValue }) => <Phone number={getValue()} />,
    }),
    column.accessor('reason', {
      header: t('reason'),
      cell: ({ getValue }) => <span className="long">{getValue() ?? '–'}</span>,
    }),
    column.accessor('source', {
      header: t('source'),
      cell: ({ getValue }) => <span className="long">{getValue() ?? '–'}</span>,
    }),
    column.accessor('until', {
      header: t('until'),
      cell: ({ getValue }) => <Until at={getValue()} />,
    }),
    column.accessor('createdAt', {
      header: t('since'),
      cell: ({ getValue }) => <Time at={getValue()} />,
    }),
    ...(mayWrite
      ? [
          column.display({
            id: 'actions',
            header: t('actions'),
            cell: ({ row }) => <Allow suppression={row.original} />,
          }),
        ]
      : []),
  ];
  return (
    <DataTable
      label={t('suppressionsTitle')}
      columns={columns}
      rows={list.data?.pages.flatMap(({ items }) => items)}
      query={list}
      rowId={({ id }) => id}
      empty={search.phone === undefined ? t('noSuppressions') : t('notOnList')}
    />
  );
};

const Until = ({ at }: { readonly at: string | null }) => {
  const t = useText(text);
  if (at === null) return t('forGood');
  return (
    <span>
      <Time at={at} /> {new Date(at) <= new Date() && <Badge>{t('expired')}</Badge>}
    </span>
  );
};

const Allow = ({ suppression: { id, phone } }: { readonly suppression: Suppression }) => {
  const t = useText(text);
  const allow = async () => {
    await ok(api.DELETE('/v1/admin/suppressions/{suppressionId}', { params: { path: { suppressionId: id } } }));
    await readAgain();
  };
  return (
    <ConfirmDialog
      trigger={<Button>{t('allow')}</Button>}
      title={t('allowTitle', { phone })}
      confirm={t('allow')}
      onConfirm={allow}
    >
      {t('allowWarning')}
    </ConfirmDialog>
  );
};

const NOTHING = { suppressions: '', reason: '', source: '', until: '' };

const AddNumbers = () => {
  const t = useText(text);
  const add = async ({ suppressions: written, reason, source, until }: typeof NOTHING) => {
    const phones = written
      .split('\n')
      .map(pastedText)
      .filter((phone) => phone !== '');
    const known = {
      reason: reason.trim() || null,
      source: source.trim() || null,
      until: until === '' ? null : new Date(until).toISOString(),
    };
    const suppressions = phones.map((phone) => ({ phone, ...known }));
    try {
      await ok(api.PUT('/v1/admin/suppressions', { body: { suppressions } }));
    } catch (error) {
      throw withPhones(error, phones);
    }
    await readAgain();
  };
  return (
    <FormDialog
      trigger={<Button kind="main">{t('addNumbers')}</Button>}
      title={t('addNumbers')}
      submit={t('add')}
      initial={NOTHING}
      onSubmit={add}
    >
      {({ textOf }) => (
        <>
          <TextArea label={t('phones')} help={t('phonesHelp')} isRequired autoFocus {...textOf('suppressions')} />
          <TextField label={t('reason')} help={t('reasonHelp')} autoComplete="off" {...textOf('reason')} />
          <TextField label={t('source')} help={t('sourceHelp')} autoComplete="off" {...textOf('source')} />
          <TextField
            label={t('until')}
            help={t('untilHelp', { zone: TIME_ZONE })}
            type="datetime-local"
            {...textOf('until')}
          />
        </>
      )}
    </FormDialog>
  );
};

/** What is the same for all numbers is wrong in its field; a number is named, and not its place in the list. */
const withPhones = (error: unknown, phones: readonly string[]): unknown => {
  if (!(error instanceof ProblemError) || !error.problem.errors) return error;
  const errors = error.problem.errors.map(({ where, what }) => {
    const [, place = '', field = ''] = /^\/suppressions\/(\d+)\/(\w+)$/.exec(where) ?? [];
    if (field === 'phone') return { where: '/suppressions', what: `${phones[Number(place)] ?? ''} ${what}` };
    return { where: field === '' ? where : `/${field}`, what };
  });
  const once = errors.filter(
    ({ where, what }, place) => errors.findIndex((other) => other.where === where && other.what === what) === place,
  );
  return new ProblemError({ ...error.problem, errors: once });
};

const AsFile = ({ mayWrite }: { readonly mayWrite: boolean }) => {
  const t = useText(text);
  const saving = useMutation({
    mutationFn: async () => {
      saveFile(await ok(api.GET('/v1/admin/suppressions.csv', { parseAs: 'blob' })), 'suppressions.csv');
    },
  });
  const send = async (content: Blob): Promise<string> => {
    const { created, changed, unchanged } = await ok(api.PUT('/v1/admin/suppressions.csv', csvBody(content)));
    await readAgain();
    return t('importedNumbers', { created, changed, unchanged });
  };
  return (
    <Section
      title={t('suppressionFile')}
      about={t('suppressionFileAbout')}
      actions={
        <Button isPending={saving.isPending} onPress={() => saving.mutate()}>
          {t('save')}
        </Button>
      }
    >
      {saving.isError && <Failure error={saving.error} />}
      {mayWrite && (
        <div className="card">
          <SendFile
            label={t('file')}
            help={t('suppressionFileHelp')}
            texts={({ name: file, rows }) => ({
              button: t('importFile', { file }),
              title: t('importTitle', { file }),
              warning: t('importWarning', { rows }),
            })}
            onSend={send}
          />
        </div>
      )}
    </Section>
  );
};

export const Route = createLazyRoute('/protection')({ component: Page });
