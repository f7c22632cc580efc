/**
 * A list of rows: sorted by its columns, with the states of loading, emptiness and failure, and more pages on demand.
 *
 *     const columns = [column.accessor('name', { header: t('name') }), …];   // const column = createColumnHelper<Row>();
 *     const pages = useInfiniteQuery(…);
 *     <DataTable label={t('title')} columns={columns} rows={pages.data?.pages.flatMap(({ items }) => items)} query={pages} />
 *
 * On a phone each row becomes a card; `header` is then the label of the cell. So `header` is a text.
 */
import {
  flexRender,
  getCoreRowModel,
  getSortedRowModel,
  useReactTable,
  type ColumnDef,
  type Header,
  type SortingState,
} from '@tanstack/react-table';
import { useState, type ReactNode } from 'react';
import { common } from '../text/common';
import { useText } from '../text/language';
import { Button } from './button';
import { Empty, Failure, Loading } from './states';

/** Of useQuery or useInfiniteQuery. */
interface Query {
  readonly isPending: boolean;
  readonly isError: boolean;
  readonly error: unknown;
  readonly refetch: () => unknown;
  readonly hasNextPage?: boolean;
  readonly isFetchingNextPage?: boolean;
  readonly fetchNextPage?: () => unknown;
}

interface Props<Row> {
  /** For screen readers. */
  readonly label: string;
  // The values of the columns have different types.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly columns: readonly ColumnDef<Row, any>[];
  readonly rows: readonly Row[] | undefined;
  readonly query: Query;
  readonly empty?: ReactNode;
  /** Identifies a row while the list changes; else its place does. */
  readonly rowId?: (row: Row) => string;
}

const NO_ROWS: never[] = [];

export const DataTable = <Row,>({ label, columns, rows, query, empty, rowId }: Props<Row>) => {
  const [sorting, setSorting] = useState<SortingState>([]);
  const table = useReactTable<Row>({
    data: (rows ?? NO_ROWS) as Row[],
    columns: columns as ColumnDef<Row>[],
    state: { sorting },
    onSortingChange: setSorting,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    ...(rowId && { getRowId: rowId }),
  });
  if (query.isPending) return <Loading />;
  if (query.isError && rows === undefined) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (rows?.length === 0 && !query.hasNextPage) return <Empty>{empty}</Empty>;
  return (
    <>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      <div className="table-frame">
        <table className="table" aria-label={label}>
          <thead>
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id}>
                {group.headers.map((header) => (
                  <HeaderCell key={header.id} header={header} />
                ))}
              </tr>
            ))}
          </thead>
          <tbody>
            {table.getRowModel().rows.map((row) => (
              <tr key={row.id}>
                {row.getVisibleCells().map(({ id, column, getContext }) => (
                  <td key={id} data-label={labelOf(column.columnDef.header)}>
                    {flexRender(column.columnDef.cell, getContext())}
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

const labelOf = (header: unknown): string => (typeof header === 'string' ? header : '');

const ARIA_SORT = { asc: 'ascending', desc: 'descending' } as const;

const HeaderCell = <Row,>({
  header: { column, isPlaceholder, getContext },
}: {
  readonly header: Header<Row, unknown>;
}) => {
  const sorted = column.getIsSorted();
  const content = isPlaceholder ? null : flexRender(column.columnDef.header, getContext());
  if (!column.getCanSort()) return <th scope="col">{content}</th>;
  return (
    <th scope="col" aria-sort={sorted === false ? 'none' : ARIA_SORT[sorted]}>
      <button type="button" className="sort" onClick={() => column.toggleSorting()}>
        {content}
        <span aria-hidden="true" className={`sort-mark sort-${sorted === false ? 'none' : sorted}`} />
      </button>
    </th>
  );
};

const More = ({ query, count }: { readonly query: Query; readonly count: number }) => {
  const t = useText(common);
  if (!query.fetchNextPage || !query.hasNextPage) return null;
  return (
    <div className="more">
      <Button isPending={query.isFetchingNextPage === true} onPress={() => void query.fetchNextPage?.()}>
        {query.isFetchingNextPage ? t('loadingMore') : t('more')}
      </Button>
      <span className="quiet">{t('shown', { count })}</span>
    </div>
  );
};
