import { Fact } from '../../parts/fact';
import { PageLink } from '../../parts/page-link';
import { Phone } from '../../parts/phone';
import { Duration, Time } from '../../parts/time';
import { useText } from '../../text/language';
import { Codes } from './codes';
import { wasLegBDialled, type Call } from './legs';
import { useStepTime } from './step-time';
import { text } from './text';

export const Facts = ({ call }: { readonly call: Call }) => {
  const t = useText(text);
  const stepTime = useStepTime();
  const since = (at: string | null): string =>
    at === null ? '–' : stepTime(Date.parse(at) - Date.parse(call.requestedAt));
  return (
    <dl className="card facts facts-of-call">
      <Fact name={t('requested')}>
        <Time at={call.requestedAt} />
      </Fact>
      <Fact name={t('rangAfter')}>{since(call.ringingAt)}</Fact>
      <Fact name={t('answeredAfter')}>{since(call.answeredAt)}</Fact>
      <Fact name={t('ended')}>
        <Time at={call.endedAt} />
      </Fact>
      <Fact name={t('talk')}>
        <Duration seconds={call.talkSeconds} />
      </Fact>
      <Fact name={t('provider')}>{call.provider}</Fact>
      <Fact name={t('route')}>{call.route === '' ? t('everyNumber') : (call.route ?? '–')}</Fact>
      <Fact name={t('subAccount')}>
        <code>{call.subAccount}</code>
      </Fact>
      <Fact name={t('providerCallId')}>{call.providerCallId === null ? '–' : <code>{call.providerCallId}</code>}</Fact>
      <Fact name={t('placedBy')}>{call.placedBy ?? t('app')}</Fact>
      {call.recording !== null && (
        <Fact name={t('recording')}>
          <code>{call.recording}</code>
        </Fact>
      )}
      {call.metadata !== null && (
        <Fact name={t('metadata')}>
          <Codes codes={call.metadata} />
        </Fact>
      )}
    </dl>
  );
};

/** Both legs side by side. */
export const Legs = ({ call }: { readonly call: Call }) => {
  const t = useText(text);
  const callerAnswered = call.events.find(({ type }) => type === 'caller_answered')?.occurredAt ?? null;
  return (
    <div className="legs">
      <article className="card" aria-label={t('legA')}>
        <h3>{t('legA')}</h3>
        <dl className="facts">
          <Fact name={t('caller')}>
            <User id={call.callerId} />
          </Fact>
          <Fact name={t('number')}>
            <Phone number={call.callerPhone} />
          </Fact>
          <Fact name={t('answered')}>
            <Time at={callerAnswered} style="time" />
          </Fact>
          <Fact name={t('cause')}>
            <Cause cause={call.causes.A} isOpen={call.endedAt === null} />
          </Fact>
        </dl>
      </article>
      <article className="card" aria-label={t('legB')}>
        <h3>{t('legB')}</h3>
        <dl className="facts">
          <Fact name={t('callee')}>
            {call.serviceLineId === null ? (
              <User id={call.calleeId} />
            ) : (
              <PageLink target={`service-line:${call.serviceLineId}`}>
                {t('serviceLine', { id: call.serviceLineId })}
              </PageLink>
            )}
          </Fact>
          <Fact name={t('number')}>
            <Phone number={call.calleePhone} />
          </Fact>
          <Fact name={t('rang')}>
            <Time at={call.ringingAt} style="time" />
          </Fact>
          <Fact name={t('answered')}>
            <Time at={call.answeredAt} style="time" />
          </Fact>
          <Fact name={t('cause')}>
            {wasLegBDialled(call) ? <Cause cause={call.causes.B} isOpen={call.endedAt === null} /> : t('notDialled')}
          </Fact>
        </dl>
      </article>
    </div>
  );
};

const User = ({ id }: { readonly id: string | null }) => {
  const t = useText(text);
  if (id === null) return t('phoneOnly');
  return <PageLink target={`user:${id}`}>{t('user', { id })}</PageLink>;
};

const Cause = ({ cause, isOpen }: { readonly cause: Call['causes']['A']; readonly isOpen: boolean }) => {
  const t = useText(text);
  if (cause === null) return isOpen ? '–' : t('noCause');
  return <Codes codes={cause} />;
};
