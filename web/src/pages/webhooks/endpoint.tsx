/** One endpoint: its facts, what can be done with it, its deliveries. */
import { useQuery } from '@tanstack/react-query';
import { createLazyRoute, Link } from '@tanstack/react-router';
import { Fact } from '../../parts/fact';
import { PageHeading } from '../../parts/page-heading';
import { Said } from '../../parts/said';
import { Loading } from '../../parts/states';
import { Time, useTimeFormat } from '../../parts/time';
import { useText } from '../../text/language';
import { Deliveries } from './deliveries';
import { EndpointActions } from './endpoint-actions';
import { EndpointState, Types } from './endpoint-state';
import { TestAnswer, TestButton, useEndpointTest } from './endpoint-test';
import { NotThere } from './not-there';
import { text } from './text';
import { endpointQuery, type Endpoint } from './webhooks-api';
import './webhooks.css';

const Page = () => {
  const t = useText(text);
  const { endpointId } = Route.useParams();
  const endpoint = useQuery(endpointQuery(endpointId));
  return (
    <>
      <p>
        <Link to="/webhooks">← {t('toEndpoints')}</Link>
      </p>
      {endpoint.data === undefined && <PageHeading title={t('endpoint', { id: endpointId })} />}
      {endpoint.isPending && <Loading />}
      {endpoint.isError && (
        <NotThere error={endpoint.error} endpointId={endpointId} onRetry={() => void endpoint.refetch()} />
      )}
      {endpoint.data && <Found key={endpointId} endpoint={endpoint.data} />}
    </>
  );
};

const Found = ({ endpoint }: { readonly endpoint: Endpoint }) => {
  const t = useText(text);
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const test = useEndpointTest(endpoint.id);
  return (
    <>
      <PageHeading title={t('endpoint', { id: endpoint.id })} about={<code className="long">{endpoint.url}</code>}>
        <TestButton test={test} />
        <EndpointActions endpoint={endpoint} />
      </PageHeading>
      <Trouble endpoint={endpoint} />
      <Facts endpoint={endpoint} />
      <TestAnswer test={test} />
      <Deliveries endpoint={endpoint} search={search} onChange={(next) => void navigate({ search: next })} />
    </>
  );
};

const Trouble = ({ endpoint: { enabled, failingSince } }: { readonly endpoint: Endpoint }) => {
  const t = useText(text);
  const time = useTimeFormat();
  if (!enabled) return <p className="notice notice-bad">{t('disabledHelp')}</p>;
  if (failingSince === null) return null;
  return <p className="notice notice-bad">{t('failingHelp', { time: time(failingSince) })}</p>;
};

const Facts = ({ endpoint }: { readonly endpoint: Endpoint }) => {
  const t = useText(text);
  const { eventTypes, createdAt, failingSince, disabledAt, disabledReason } = endpoint;
  return (
    <section className="card" aria-label={t('facts')}>
      <dl className="facts endpoint-facts">
        <Fact name={t('state')}>
          <EndpointState endpoint={endpoint} />
        </Fact>
        {failingSince !== null && (
          <Fact name={t('failingSince')}>
            <Time at={failingSince} />
          </Fact>
        )}
        {disabledAt !== null && (
          <Fact name={t('disabledAt')}>
            <Time at={disabledAt} />
          </Fact>
        )}
        {disabledReason !== null && (
          <Fact name={t('reason')}>
            <Said>{disabledReason}</Said>
          </Fact>
        )}
        <Fact name={t('types')}>
          <Types types={eventTypes} />
        </Fact>
        <Fact name={t('createdAt')}>
          <Time at={createdAt} />
        </Fact>
      </dl>
    </section>
  );
};

export const Route = createLazyRoute('/webhooks/$endpointId')({ component: Page });
