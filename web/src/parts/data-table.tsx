/**
 * A list of rows in the order of the service, with the states of loading, emptiness and failure, and more pages on demand. The rows that
 * are loaded are a part of the list, so they are not sorted here.
 *
 *     const columns = [column.accessor('name', { header: t('name') }), …];   // const column = createColumnHelper<Row>();
 *     const pages = useInfiniteQuery(…);
 *     <DataTable label={t('title')} columns={columns} rows={pages.data?.pages.flatMap(({ items }) => items)} query={pages} />
 *
 * On a phone each row becomes a card; `header` is then the label of the cell. So `header` is a text.
 */
import { flexRender, getCoreRowModel, useReactTable, type Cell, type ColumnDef } from '@tanstack/react-table';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { common } from '../text/common';
import { useText } from '../text/language';
import { Button } from './button';
import { useFocusBack } from './focus-back';
import { Empty, Failure, Loading } from './states';

/** Of useQuery or useInfiniteQuery. */
interface Query {
  readonly isPending: boolean;
  readonly isError: boolean;
  readonly error: unknown;
  readonly refetch: () => unknown;
  readonly hasNextPage?: boolean;
  readonly isFetchingNextPage?: boolean;
  readonly isFetchNextPageError?: boolean;
  readonly fetchNextPage?: () => unknown;
}

interface Props<Row> {
  /** For screen readers. */
  readonly label: string;
  // The values of the columns have different types.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly columns: readonly ColumnDef<Row, any>[];
  readonly rows: readonly Row[] | undefined;
  /** Left out for rows that are there already. */
  readonly query?: Query;
  readonly empty?: ReactNode;
  /** Where a page may be empty and still not the last one, because the service examines a part of the list at a time. */
  readonly examined?: { readonly noneYet: string; readonly lookOn: string };
  /** Identifies a row while the list changes; else its place does. */
  readonly rowId?: (row: Row) => string;
}

const NO_ROWS: never[] = [];
const LOADED: Query = { isPending: false, isError: false, error: null, refetch: () => undefined };

export const DataTable = <Row,>({ label, columns, rows, query = LOADED, empty, examined, rowId }: Props<Row>) => {
  const table = useReactTable<Row>({
    data: (rows ?? NO_ROWS) as Row[],
    columns: columns as ColumnDef<Row>[],
    getCoreRowModel: getCoreRowModel(),
    ...(rowId && { getRowId: rowId }),
  });
  if (query.isPending) return <Loading />;
  // A page that failed is asked for again by itself: the pages before it are there.
  const again = query.isFetchNextPageError ? query.fetchNextPage : query.refetch;
  const failure = query.isError && <Failure error={query.error} onRetry={() => void again?.()} />;
  if (failure && rows === undefined) return failure;
  if (rows?.length === 0 && !query.hasNextPage) return <Empty>{empty}</Empty>;
  if (rows?.length === 0 && examined) {
    return (
      <>
        {failure}
        <NoneYet query={query} {...examined} />
      </>
    );
  }
  return (
    <>
      {failure}
      <div className="table-frame">
        <table className="table" aria-label={label}>
          <thead>
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id}>
                {group.headers.map(({ id, isPlaceholder, column, getContext }) => (
                  <th key={id} scope="col">
                    {isPlaceholder ? null : flexRender(column.columnDef.header, getContext())}
                  </th>
                ))}
              </tr>
            ))}
          </thead>
          <tbody>
            {table.getRowModel().rows.map((row) => (
              <tr key={row.id}>
                {row.getVisibleCells().map((cell) => (
                  <td key={cell.id} data-label={labelOf(cell.column.columnDef.header)}>
                    {contentOf(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More query={query} count={rows?.length ?? 0} />
    </>
  );
};

/**
 * Called, and not rendered as a component: a page makes its columns anew each time, so each would be another component. Every cell
 * would be made anew whenever the list is read, and lose the focus, or the dialog that is open in it.
 */
const contentOf = <Row,>({ column: { columnDef }, getContext }: Cell<Row, unknown>): ReactNode =>
  typeof columnDef.cell === 'function' ? (columnDef.cell(getContext()) as ReactNode) : columnDef.cell;

const labelOf = (header: unknown): string => (typeof header === 'string' ? header : '');

const NoneYet = ({ query, noneYet, lookOn }: { readonly query: Query } & NonNullable<Props<never>['examined']>) => {
  useFocusBack();
  return (
    <div className="state">
      <p>{noneYet}</p>
      <Button isPending={query.isFetchingNextPage === true} onPress={() => void query.fetchNextPage?.()}>
        {lookOn}
      </Button>
    </div>
  );
};

/** The button goes with the last page. The number of rows stays then, and takes its focus. */
const More = ({ query, count }: { readonly query: Query; readonly count: number }) => {
  const t = useText(common);
  const shown = useRef<HTMLSpanElement>(null);
  const [isAsked, setAsked] = useState(false);
  const hasMore = query.fetchNextPage !== undefined && query.hasNextPage === true;
  useEffect(() => {
    if (isAsked && !hasMore && document.activeElement === document.body) shown.current?.focus();
  }, [isAsked, hasMore]);
  if (!hasMore && !isAsked) return null;
  const onPress = (): void => {
    setAsked(true);
    query.fetchNextPage?.();
  };
  return (
    <div className="more">
      {hasMore && (
        <Button isPending={query.isFetchingNextPage === true} onPress={onPress}>
          {query.isFetchingNextPage ? t('loadingMore') : t('more')}
        </Button>
      )}
      <span ref={shown} className="quiet" tabIndex={-1}>
        {t('shown', { count })}
      </span>
    </div>
  );
};
