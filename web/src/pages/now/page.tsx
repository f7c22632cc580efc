import { useQuery } from '@tanstack/react-query';
import { createLazyRoute } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState, type Ref } from 'react';
import { api, ok } from '../../api/client';
import { useMay } from '../../api/session';
import { Badge, type Tone } from '../../parts/badge';
import { Button } from '../../parts/button';
import { Fact } from '../../parts/fact';
import { FilterBar, type Filter } from '../../parts/filter-bar';
import { PageHeading } from '../../parts/page-heading';
import { Empty, Failure, Loading } from '../../parts/states';
import { useTimeFormat } from '../../parts/time';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { CallTable } from './call-table';
import { HangUp, type Outcome } from './hang-up';
import type { Link, LiveCall, Picture } from './live-calls';
import { text } from './text';
import { useLiveCalls } from './use-live-calls';
import './now.css';

type Name = 'userId' | 'phone' | 'provider' | 'serviceLineId' | 'stateType';

const STATES = ['1', '2', '3'] as const;

const Page = () => {
  const t = useText(text);
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const { stateType, ...query } = search;
  const { picture, retry } = useLiveCalls(query);
  const [held, setHeld] = useState<Picture | null>(null);
  const [asked, setAsked] = useState<LiveCall | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const notice = useRef<HTMLParagraphElement>(null);
  const ask = useCallback((call: LiveCall) => {
    setOutcome(null);
    setAsked(call);
  }, []);
  // The row of the button vanishes, and the focus would with it.
  useEffect(() => {
    if (asked === null && outcome !== null) notice.current?.focus();
  }, [asked, outcome]);
  const { link, isComplete, calls } = held ?? picture;
  const shown = useMemo(
    () => (stateType === undefined ? calls : calls.filter((call) => call.stateType === stateType)),
    [calls, stateType],
  );
  return (
    <>
      <PageHeading title={t('title')} about={t('about')}>
        <LinkBadge link={picture.link} isHeld={held !== null} />
        {isComplete && <Button onPress={() => setHeld(held ? null : picture)}>{held ? t('goOn') : t('hold')}</Button>}
      </PageHeading>
      <Filters search={search} onChange={(next) => void navigate({ search: next })} />
      <Notices ref={notice} picture={picture} held={held} outcome={outcome} onRetry={retry} />
      {isComplete && <Counts calls={calls} />}
      {!isComplete && link.kind !== 'refused' && link.kind !== 'lost' && <Loading />}
      {isComplete && shown.length === 0 && (
        <Empty>{Object.keys(search).length > 0 ? t('emptyFound') : t('empty')}</Empty>
      )}
      {shown.length > 0 && <Calls calls={shown} aheadMs={picture.aheadMs} onHangUp={ask} />}
      {asked && <HangUp call={asked} aheadMs={picture.aheadMs} onDone={setOutcome} onClose={() => setAsked(null)} />}
    </>
  );
};

interface CallsProps {
  readonly calls: readonly LiveCall[];
  readonly aheadMs: number;
  readonly onHangUp: (call: LiveCall) => void;
}

const NO_LINES: ReadonlyMap<string, string> = new Map();

/** With the names of the service lines. There are few; a line beyond the first page has its id. */
const useLines = (): ReadonlyMap<string, string> => {
  const { data } = useQuery({
    queryKey: ['service lines', 'names'],
    queryFn: async ({ signal }) => {
      const { items } = await ok(api.GET('/v1/admin/service-lines', { params: { query: { limit: 200 } }, signal }));
      return new Map(items.map(({ id, name }) => [id, name]));
    },
    staleTime: Infinity,
  });
  return data ?? NO_LINES;
};

const Calls = (props: CallsProps) => {
  const lines = useLines();
  const mayHangUp = useMay('admin:calls:write');
  return <CallTable mayHangUp={mayHangUp} lines={lines} {...props} />;
};

const LINK_TONES: Readonly<Record<Link['kind'], Tone>> = {
  connecting: 'plain',
  live: 'good',
  lost: 'bad',
  refused: 'bad',
};

/** Also for screen readers: a list that has stopped looks like one in which nothing happens. */
const LinkBadge = ({ link, isHeld }: { readonly link: Link; readonly isHeld: boolean }) => {
  const t = useText(text);
  const isLive = link.kind === 'live';
  return (
    <span role="status" className="live-link">
      {isHeld && isLive ? (
        <Badge tone="warn">{t('held')}</Badge>
      ) : (
        <Badge tone={LINK_TONES[link.kind]}>{t(`link.${link.kind}`)}</Badge>
      )}
    </span>
  );
};

interface NoticesProps {
  /** Of the outcome. */
  readonly ref: Ref<HTMLParagraphElement>;
  readonly picture: Picture;
  readonly held: Picture | null;
  readonly outcome: Outcome | null;
  readonly onRetry: () => void;
}

const Notices = ({ ref, picture: { link, changes, isComplete }, held, outcome, onRetry }: NoticesProps) => {
  const t = useText(text);
  const time = useTimeFormat('time');
  return (
    <>
      {link.kind === 'refused' && <Failure error={link.problem} onRetry={onRetry} />}
      {link.kind === 'lost' && (
        <div className="notice notice-bad live-notice">
          <span>{t(isComplete ? 'lost' : 'lostEmpty', { time: time(new Date(link.since)) })}</span>
          <Button onPress={onRetry}>{t('retry')}</Button>
        </div>
      )}
      {held && <p className="notice">{t('heldHelp', { count: changes - held.changes })}</p>}
      <p ref={ref} tabIndex={-1} role="status" className={outcome ? 'notice' : ''} hidden={outcome === null}>
        {outcome && t(`outcome.${outcome}`)}
      </p>
    </>
  );
};

const Counts = ({ calls }: { readonly calls: readonly LiveCall[] }) => {
  const t = useText(text);
  return (
    <dl className="live-counts">
      <Fact name={t('count.all')}>{calls.length}</Fact>
      {STATES.map((state) => (
        <Fact key={state} name={t(`count.${state}`)}>
          {calls.reduce((count, { stateType }) => (stateType === state ? count + 1 : count), 0)}
        </Fact>
      ))}
    </dl>
  );
};

interface FiltersProps {
  readonly search: Partial<Record<Name, string>>;
  readonly onChange: (search: Partial<Record<Name, string>>) => void;
}

const Filters = ({ search, onChange }: FiltersProps) => {
  const t = useText(text);
  const c = useText(common);
  const filters = useMemo(
    (): readonly Filter<Name>[] => [
      { name: 'stateType', label: t('state'), options: STATES.map((value) => ({ value, label: c(`state.${value}`) })) },
      { name: 'userId', isRare: true, label: t('user'), placeholder: t('userExample') },
      { name: 'phone', label: t('phone'), type: 'tel', placeholder: t('phoneExample') },
      { name: 'provider', isRare: true, label: t('provider'), placeholder: t('providerExample') },
      { name: 'serviceLineId', isRare: true, label: t('serviceLine'), placeholder: t('lineExample') },
    ],
    [t, c],
  );
  return <FilterBar filters={filters} search={search} onChange={onChange} />;
};

export const Route = createLazyRoute('/now')({ component: Page });
