/** The limits that the API knows. */
import { useQuery } from '@tanstack/react-query';
import { createLazyRoute, Link } from '@tanstack/react-router';
import { createColumnHelper } from '@tanstack/react-table';
import { api, ok, type Schemas } from '../../api/client';
import { DataTable } from '../../parts/data-table';
import { Section } from '../../parts/section';
import { useText } from '../../text/language';
import { ProtectionFrame } from './frame';
import { text } from './text';

type Provider = Schemas['ProviderList']['items'][number];

/** Each look asks every provider whether it answers. */
const REFRESH_MS = 15_000;

const Page = () => {
  const t = useText(text);
  return (
    <ProtectionFrame>
      <ProviderLimits />
      <Section title={t('rates')} about={t('ratesAbout')}>
        <p>
          <Link to="/providers">{t('try')}</Link>
        </p>
      </Section>
    </ProtectionFrame>
  );
};

const column = createColumnHelper<Provider>();

const ProviderLimits = () => {
  const t = useText(text);
  const providers = useQuery({
    queryKey: ['providers'],
    queryFn: ({ signal }) => ok(api.GET('/v1/admin/providers', { signal })),
    refetchInterval: REFRESH_MS,
  });
  const columns = [
    column.accessor('name', { header: t('provider') }),
    column.accessor('openCalls', {
      header: t('openCalls'),
      cell: ({ row: { original } }) => <Load provider={original} />,
    }),
    column.accessor(({ limits }) => limits.callsAtOnce ?? t('noLimit'), {
      id: 'callsAtOnce',
      header: t('callsAtOnce'),
    }),
    column.accessor(({ limits }) => limits.callsPerSecond ?? t('noLimit'), {
      id: 'perSecond',
      header: t('perSecond'),
    }),
  ];
  return (
    <Section title={t('providerLimits')} about={t('providerLimitsAbout')}>
      <DataTable
        label={t('providerLimits')}
        columns={columns}
        rows={providers.data?.items}
        query={providers}
        rowId={({ name }) => name}
        empty={t('noProviders')}
      />
    </Section>
  );
};

const Load = ({ provider: { openCalls, limits } }: { readonly provider: Provider }) => {
  const t = useText(text);
  if (limits.callsAtOnce === null) return openCalls;
  return (
    <span className="load">
      {t('ofLimit', { count: openCalls, limit: limits.callsAtOnce })}
      <meter min={0} max={limits.callsAtOnce} value={openCalls} aria-label={t('openCalls')} />
    </span>
  );
};

export const Route = createLazyRoute('/protection/limits')({ component: Page });
