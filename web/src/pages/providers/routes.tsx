import { createColumnHelper } from '@tanstack/react-table';
import type { Schemas } from '../../api/client';
import { Badge } from '../../parts/badge';
import { DataTable } from '../../parts/data-table';
import { Section } from '../../parts/section';
import { useText } from '../../text/language';
import { text } from './text';

type RouteRow = Schemas['RouteReply'];

const column = createColumnHelper<RouteRow>();

export const Routes = ({ routes }: { readonly routes: readonly RouteRow[] }) => {
  const t = useText(text);
  const columns = [
    // The order of the routes means something, so they are not sorted.
    column.accessor('to', {
      header: t('to'),
      cell: ({ getValue }) => (getValue() === '' ? t('everyNumber') : <code>{getValue()}</code>),
    }),
    column.accessor('providers', {
      header: t('order'),
      cell: ({ getValue }) => (
        <ol className="chain">
          {getValue().map((name) => (
            <li key={name}>
              <Badge>{name}</Badge>
            </li>
          ))}
        </ol>
      ),
    }),
  ];
  return (
    <Section title={t('routes')} about={t('routesAbout')}>
      <DataTable label={t('routes')} columns={columns} rows={routes} empty={t('noRoutes')} />
    </Section>
  );
};
