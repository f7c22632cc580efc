import { useQuery } from '@tanstack/react-query';
import { createLazyRoute } from '@tanstack/react-router';
import { api, ok } from '../../api/client';
import { Button } from '../../parts/button';
import { PageHeading } from '../../parts/page-heading';
import { Empty, Failure, Loading } from '../../parts/states';
import { useTimeFormat } from '../../parts/time';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { DryRun } from './dry-run';
import { ProviderCard } from './provider-card';
import { Routes } from './routes';
import { text } from './text';
import './providers.css';

/** Each look asks every provider whether it answers. */
const REFRESH_MS = 15_000;

const Page = () => {
  const t = useText(text);
  const c = useText(common);
  const time = useTimeFormat('time');
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const list = useQuery({
    queryKey: ['providers'],
    queryFn: ({ signal }) => ok(api.GET('/v1/admin/providers', { signal })),
    refetchInterval: REFRESH_MS,
  });
  return (
    <>
      <PageHeading title={t('title')} about={t('about')}>
        {list.data && <span className="quiet">{c('updated', { time: time(new Date(list.dataUpdatedAt)) })}</span>}
        <Button isPending={list.isFetching} onPress={() => void list.refetch()}>
          {c('refresh')}
        </Button>
      </PageHeading>
      {list.isPending && <Loading />}
      {list.isError && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.data?.items.length === 0 && <Empty />}
      {list.data && (
        <>
          <div className="provider-cards">
            {list.data.items.map((provider) => (
              <ProviderCard key={provider.name} provider={provider} />
            ))}
          </div>
          <Routes routes={list.data.routes} />
        </>
      )}
      <DryRun search={search} onChange={(next) => void navigate({ search: next })} />
    </>
  );
};

export const Route = createLazyRoute('/providers')({ component: Page });
