/** A call that is not placed. What was asked is in the address, so that an answer can be sent to somebody. */
import { useQuery } from '@tanstack/react-query';
import { createColumnHelper } from '@tanstack/react-table';
import { useState, type SubmitEvent } from 'react';
import { api, ok, type Schemas } from '../../api/client';
import { Badge, type Tone } from '../../parts/badge';
import { Button } from '../../parts/button';
import { DataTable } from '../../parts/data-table';
import { Fact } from '../../parts/fact';
import { TextField } from '../../parts/fields';
import { Phone } from '../../parts/phone';
import { RuleName, Said } from '../../parts/said';
import { Section } from '../../parts/section';
import { Failure, Loading } from '../../parts/states';
import { useText } from '../../text/language';
import { text } from './text';

interface Question {
  readonly callerId?: string;
  readonly calleeId?: string;
  readonly phone?: string;
}

interface Props {
  readonly search: Question;
  readonly onChange: (search: Question) => void;
}

export const DryRun = ({ search, onChange }: Props) => {
  const t = useText(text);
  return (
    <Section title={t('dryRun')} about={t('dryRunAbout')}>
      <QuestionForm key={JSON.stringify(search)} search={search} onChange={onChange} />
      {search.callerId !== undefined && <Answer {...search} callerId={search.callerId} />}
    </Section>
  );
};

const QuestionForm = ({ search, onChange }: Props) => {
  const t = useText(text);
  const [callerId, setCaller] = useState(search.callerId ?? '');
  const [calleeId, setCallee] = useState(search.calleeId ?? '');
  const [phone, setPhone] = useState(search.phone ?? '');
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onChange({
      callerId: callerId.trim(),
      ...(calleeId.trim() !== '' && { calleeId: calleeId.trim() }),
      ...(phone.trim() !== '' && { phone: phone.trim() }),
    });
  };
  return (
    <form className="filter-bar" onSubmit={submit}>
      <TextField
        label={t('callerId')}
        placeholder={t('userExample')}
        isRequired
        value={callerId}
        onChange={setCaller}
      />
      <TextField label={t('calleeId')} placeholder={t('calleeExample')} value={calleeId} onChange={setCallee} />
      <TextField label={t('phone')} type="tel" placeholder={t('phoneExample')} value={phone} onChange={setPhone} />
      <div className="filter-actions">
        <Button type="submit" kind="main">
          {t('try')}
        </Button>
      </div>
    </form>
  );
};

const Answer = (query: Question & { readonly callerId: string }) => {
  const dryRun = useQuery({
    queryKey: ['dry run', query],
    queryFn: ({ signal }) => ok(api.GET('/v1/admin/dry-run', { params: { query }, signal })),
    retry: false,
    refetchOnWindowFocus: false,
  });
  if (dryRun.isPending) return <Loading />;
  if (dryRun.isError) return <Failure error={dryRun.error} onRetry={() => void dryRun.refetch()} />;
  return <Outcome outcome={dryRun.data} />;
};

type Outcome = Schemas['DryRunReply'];

const Outcome = ({ outcome: { carrier, why, phone, route, providers, checks } }: { readonly outcome: Outcome }) => {
  const t = useText(text);
  return (
    <div className="card outcome" role="status">
      <p className={`verdict ${carrier === null ? 'verdict-bad' : 'verdict-good'}`}>
        {carrier === null ? t('wouldBeRefused') : t('wouldGo', { provider: carrier })}
      </p>
      {carrier === null && (
        <p>
          <Said>{why}</Said>
        </p>
      )}
      <dl className="facts">
        <Fact name={t('calledNumber')}>
          <Phone number={phone} />
        </Fact>
        <Fact name={t('route')}>{route === '' ? t('everyNumber') : (route ?? '–')}</Fact>
      </dl>
      <h3>{t('way')}</h3>
      <Way providers={providers} isRefused={carrier === null} />
      <h3>{t('checks')}</h3>
      <Checks checks={checks} />
    </div>
  );
};

const TONES: Readonly<Record<Schemas['ProviderVerdict']['verdict'], Tone>> = {
  carries: 'good',
  stands_in: 'plain',
  passed_over: 'warn',
};

interface WayProps {
  readonly providers: Outcome['providers'];
  /** By a rule: no provider carries it, whatever it could. */
  readonly isRefused: boolean;
}

/** The call's way past the providers, in the order of the route. */
const Way = ({ providers, isRefused }: WayProps) => {
  const t = useText(text);
  if (providers.length === 0) return <p className="quiet">{t('noWay')}</p>;
  return (
    <ol className="way">
      {providers.map(({ provider, verdict, why }) => (
        <li key={provider} className={isRefused ? '' : `way-${verdict}`}>
          <strong>{provider}</strong>{' '}
          {isRefused && verdict === 'carries' ? (
            <Badge>{t('couldCarry')}</Badge>
          ) : (
            <Badge tone={TONES[verdict]}>{t(`verdict.${verdict}`)}</Badge>
          )}
          <p className="quiet">
            <Said>{why}</Said>
          </p>
        </li>
      ))}
    </ol>
  );
};

const column = createColumnHelper<Schemas['CheckReply']>();

const ALLOWED = 'allowed';

const Checks = ({ checks }: { readonly checks: Outcome['checks'] }) => {
  const t = useText(text);
  const columns = [
    column.accessor('rule', {
      header: t('rule'),
      cell: ({ getValue }) => <RuleName rule={getValue()} />,
    }),
    column.accessor('saw', {
      header: t('saw'),
      cell: ({ getValue }) => <Said>{getValue()}</Said>,
    }),
    column.accessor('said', {
      header: t('said'),
      cell: ({ getValue }) =>
        getValue() === ALLOWED ? <Badge tone="good">{t('allowed')}</Badge> : <Said>{getValue()}</Said>,
    }),
  ];
  return <DataTable label={t('checks')} columns={columns} rows={checks} />;
};
