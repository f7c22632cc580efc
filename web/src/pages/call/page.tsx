import { useQuery } from '@tanstack/react-query';
import { createLazyRoute, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok } from '../../api/client';
import { ProblemError } from '../../api/problem';
import { useMay } from '../../api/session';
import { PageHeading } from '../../parts/page-heading';
import { Section } from '../../parts/section';
import { Failure, Loading } from '../../parts/states';
import { useTimeFormat } from '../../parts/time';
import { useText } from '../../text/language';
import { BundleDownload, HangUp, type HangUpOutcome } from './actions';
import './call.css';
import { Deliveries } from './deliveries';
import { EventTable } from './event-table';
import { Facts, Legs } from './facts';
import type { Call } from './legs';
import { Outcome } from './outcome';
import { Routing } from './routing';
import { text } from './text';
import { Timeline } from './timeline';

/** Of a call that is not over. */
const REFRESH_MS = 5_000;

const Page = () => {
  const t = useText(text);
  const { callSid } = Route.useParams();
  const found = useQuery({
    queryKey: ['call', callSid],
    queryFn: ({ signal }) => ok(api.GET('/v1/admin/calls/{callSid}', { params: { path: { callSid } }, signal })),
    refetchInterval: ({ state }) => (state.data?.endedAt === null ? REFRESH_MS : false),
  });
  const failure = found.isError && <Failure error={found.error} onRetry={() => void found.refetch()} />;
  // An open call is read again and again. If that fails, what is shown may be old.
  if (found.data) {
    return (
      <>
        {failure}
        <Found call={found.data} readAt={found.dataUpdatedAt} />
      </>
    );
  }
  const isMissing = found.error instanceof ProblemError && found.error.problem.status === 404;
  return (
    <>
      <BackToList />
      <PageHeading title={isMissing ? t('noCall') : t('title', { when: '' })} />
      {isMissing && <p>{t('noCallHelp')}</p>}
      {found.isPending && <Loading />}
      {!isMissing && failure}
    </>
  );
};

const BackToList = () => {
  const t = useText(text);
  return (
    <p className="back">
      <Link to="/calls">← {t('toList')}</Link>
    </p>
  );
};

interface FoundProps {
  readonly call: Call;
  readonly readAt: number;
}

const Found = ({ call, readAt }: FoundProps) => {
  const t = useText(text);
  const time = useTimeFormat();
  const isOpen = call.endedAt === null;
  const mayHangUp = useMay('admin:calls:write');
  const [hungUp, setHungUp] = useState<HangUpOutcome | null>(null);
  return (
    <>
      <BackToList />
      <PageHeading
        title={t('title', { when: time(call.requestedAt) })}
        about={
          <>
            {t('callSid')} <code className="sid">{call.callSid}</code>
          </>
        }
      >
        {isOpen && mayHangUp && <HangUp call={call} onDone={setHungUp} />}
      </PageHeading>
      {hungUp !== null && (
        <p className="notice" role="status">
          {t(`hungUpNow.${hungUp}`)}
        </p>
      )}
      <Outcome call={call} />
      {isOpen && <p className="quiet">{t('live')}</p>}
      <Section title={t('timeline')} about={t('timelineAbout')}>
        <Timeline call={call} now={readAt} />
        <EventTable call={call} />
      </Section>
      <Section title={t('legs')}>
        <Legs call={call} />
      </Section>
      <Section title={t('facts')}>
        <Facts call={call} />
      </Section>
      <OfBundle call={call} />
    </>
  );
};

/** Deliveries and the way to the provider are in the bundle alone. */
const OfBundle = ({ call: { callSid, endedAt } }: { readonly call: Call }) => {
  const t = useText(text);
  const bundle = useQuery({
    queryKey: ['call', callSid, 'bundle'],
    queryFn: ({ signal }) => ok(api.GET('/v1/admin/calls/{callSid}/bundle', { params: { path: { callSid } }, signal })),
    refetchInterval: ({ state }) =>
      endedAt === null || state.data?.deliveries.some((delivery) => delivery.state === 'pending') ? REFRESH_MS : false,
  });
  return (
    <>
      {bundle.data && bundle.data.routing.attempts.length > 0 && (
        <Section title={t('routing')} about={t('routingAbout')}>
          <Routing attempts={bundle.data.routing.attempts} />
        </Section>
      )}
      <Section title={t('deliveries')} about={t('deliveriesAbout')}>
        {bundle.isPending && <Loading />}
        {bundle.isError && <Failure error={bundle.error} onRetry={() => void bundle.refetch()} />}
        {bundle.data && <Deliveries callSid={callSid} deliveries={bundle.data.deliveries} />}
      </Section>
      <Section title={t('bundle')}>
        <BundleDownload callSid={callSid} />
      </Section>
    </>
  );
};

export const Route = createLazyRoute('/calls/$callSid')({ component: Page });
