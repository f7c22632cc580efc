/** Users from a file: tried first, which changes nothing and says what is wrong, then stored. */
import { useMutation } from '@tanstack/react-query';
import { createLazyRoute } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { api, ok, type Schemas } from '../../api/client';
import { csvBody, fileText, linesOf } from '../../api/csv';
import { ProblemError, type Problem } from '../../api/problem';
import { useMay } from '../../api/session';
import { Button } from '../../parts/button';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { DataTable } from '../../parts/data-table';
import { FileField } from '../../parts/file-field';
import { Said } from '../../parts/said';
import { Section } from '../../parts/section';
import { Failure, Loading } from '../../parts/states';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { PeopleFrame } from './frame';
import { text } from './text';
import { readUsersAgain } from './users-api';

type Outcome = Schemas['ImportReply'];

const WRITE = 'admin:directory:write';

const send = (file: Blob, dryRun: boolean): Promise<Outcome> =>
  ok(api.POST('/v1/admin/users/import', { params: { query: { dryRun } }, ...csvBody(file) }));

interface Chosen {
  readonly name: string;
  /** Read at once: a file that is changed on the disk after the preview is not imported. */
  readonly content: Blob;
  readonly lines: readonly string[][];
}

const read = async (file: File): Promise<Chosen> => {
  const content = new Blob([await file.arrayBuffer()]);
  return { name: file.name, content, lines: linesOf(await fileText(content)) };
};

/** A file and what the service says of it. They stay together: a file that is read late is not taken for the one chosen after it. */
interface Tried {
  readonly chosen: Chosen;
  readonly outcome: Outcome;
}

/** With the lines of the file, which the service's faults number. */
class RefusedFile extends ProblemError {
  constructor(
    problem: Problem,
    readonly lines: readonly string[][],
    options?: ErrorOptions,
  ) {
    super(problem, options);
  }
}

const tryFile = async (file: File): Promise<Tried> => {
  const chosen = await read(file);
  try {
    return { chosen, outcome: await send(chosen.content, true) };
  } catch (cause) {
    throw cause instanceof ProblemError ? new RefusedFile(cause.problem, chosen.lines, { cause }) : cause;
  }
};

const Page = () => {
  const t = useText(text);
  const c = useText(common);
  const mayWrite = useMay(WRITE);
  const storing = useMutation({
    mutationFn: (file: Blob) => send(file, false),
    onSuccess: readUsersAgain,
  });
  const trial = useMutation({ mutationFn: tryFile, onMutate: () => storing.reset() });
  return (
    <PeopleFrame>
      <Section title={t('importTitle')} about={t('importAbout')}>
        {mayWrite ? (
          <div className="card">
            <FileField label={t('file')} help={t('fileHelp')} onChoose={(file) => trial.mutate(file)} />
            <p className="help">{t('phonesReplaced')}</p>
          </div>
        ) : (
          <p className="notice">{c('missingScope', { scope: WRITE })}</p>
        )}
        {storing.isSuccess && (
          <p className="notice" role="status">
            {t('imported', { created: storing.data.created, changed: storing.data.changed })}
          </p>
        )}
        {trial.isPending && <Loading />}
        {trial.isError && <Wrong error={trial.error} onRetry={() => trial.mutate(trial.variables)} />}
        {trial.isSuccess && !storing.isSuccess && (
          <Preview {...trial.data} onImport={() => storing.mutateAsync(trial.data.chosen.content)} />
        )}
      </Section>
    </PeopleFrame>
  );
};

interface PreviewProps extends Tried {
  readonly onImport: () => Promise<unknown>;
}

const Preview = ({ chosen, outcome, onImport }: PreviewProps) => {
  const t = useText(text);
  const { created, changed, encoding, ignoredColumns } = outcome;
  return (
    <div className="card">
      <div>
        <h3>{t('preview')}</h3>
        <p className="quiet long">{t('previewOf', { file: chosen.name, encoding })}</p>
      </div>
      <dl className="counts">
        {(['created', 'changed', 'unchanged'] as const).map((name) => (
          <div key={name}>
            <dt>{t(name)}</dt>
            <dd>{outcome[name]}</dd>
          </div>
        ))}
      </dl>
      {ignoredColumns.length > 0 && (
        <p className="notice long">{t('ignoredColumns', { columns: ignoredColumns.join(t('listComma')) })}</p>
      )}
      <FirstRows lines={chosen.lines} />
      {created + changed === 0 ? (
        <p className="notice">{t('nothingToImport')}</p>
      ) : (
        <div>
          <ConfirmDialog
            trigger={<Button kind="main">{t('importRows')}</Button>}
            title={t('importConfirm', { file: chosen.name })}
            confirm={t('import')}
            isDangerous={false}
            onConfirm={onImport}
          >
            {t('importWarning', { created, changed })}
          </ConfirmDialog>
        </div>
      )}
    </div>
  );
};

const SHOWN_ROWS = 5;

const rowColumn = createColumnHelper<string[]>();

/** As the file has them, so that one sees whether its encoding and its columns are right. */
const FirstRows = ({ lines }: { readonly lines: readonly string[][] }) => {
  const t = useText(text);
  const [head = [], ...rows] = lines.filter((cells) => cells.some((cell) => cell !== ''));
  const columns = head.map((name, place) =>
    rowColumn.accessor((cells) => cells[place] ?? '', { id: String(place), header: name }),
  );
  return (
    <div className="stack">
      <DataTable label={t('firstRows')} columns={columns} rows={rows.slice(0, SHOWN_ROWS)} />
      {rows.length > SHOWN_ROWS && <p className="quiet">{t('rowsAfter', { count: rows.length - SHOWN_ROWS })}</p>}
    </div>
  );
};

interface Fault {
  readonly line: number;
  readonly column: string;
  readonly row: string;
  readonly what: string;
}

/** Such as "line 18, phone". */
const PLACE = /^line (\d+)(?:, (\w+))?$/;

const faultsIn = (error: unknown): Fault[] => {
  if (!(error instanceof RefusedFile)) return [];
  const { problem, lines } = error;
  return (problem.errors ?? []).flatMap(({ where, what }) => {
    const [, line, column = ''] = PLACE.exec(where) ?? [];
    if (line === undefined) return [];
    return [{ line: Number(line), column, row: (lines[Number(line) - 1] ?? []).join(', '), what }];
  });
};

const faultColumn = createColumnHelper<Fault>();
const COLUMNS = ['id', 'name', 'phone', 'externalId'] as const;

interface WrongProps {
  readonly error: unknown;
  /** Without choosing the file again. */
  readonly onRetry: () => void;
}

const Wrong = ({ error, onRetry }: WrongProps) => {
  const t = useText(text);
  const faults = faultsIn(error);
  if (faults.length === 0) return <Failure error={error} onRetry={onRetry} />;
  const nameOf = (column: string): string => {
    const known = COLUMNS.find((name) => name === column);
    return known ? t(known) : column;
  };
  const columns = [
    faultColumn.accessor('line', { header: t('line') }),
    faultColumn.accessor(({ column }) => nameOf(column), { id: 'column', header: t('column') }),
    faultColumn.accessor('row', {
      header: t('row'),
      cell: ({ getValue }) => <span className="long">{getValue()}</span>,
    }),
    faultColumn.accessor('what', { header: t('what'), cell: ({ getValue }) => <Said>{getValue()}</Said> }),
  ];
  return (
    <div className="stack">
      <h3>{t('faults')}</h3>
      <p className="notice notice-bad" role="alert">
        {t('faultCount')}
      </p>
      <DataTable label={t('faults')} columns={columns} rows={faults} />
    </div>
  );
};

export const Route = createLazyRoute('/people/import')({ component: Page });
