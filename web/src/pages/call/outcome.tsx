/** What became of the call, in words. */
import { EndReasonBadge, StateBadge } from '../../parts/badge';
import { useText, type Translate } from '../../text/language';
import type { Call, Leg } from './legs';
import { legOf } from './legs';
import { text } from './text';

type T = Translate<keyof (typeof text)['en']>;

export const Outcome = ({ call }: { readonly call: Call }) => {
  const t = useText(text);
  return (
    <div className="card outcome-of-call" role="status">
      <p className="badges">
        <StateBadge state={call.stateType} />
        {call.endReason !== null && <EndReasonBadge reason={call.endReason} />}
      </p>
      <p className="verdict">{why(call, t)}</p>
      {call.endReason !== null && <p className="quiet">{refusal(call, t) || by(call, t)}</p>}
    </div>
  );
};

const reportedLeg = (events: Call['events']): Leg | null =>
  events.flatMap((event) => (event.type === 'ended' ? (legOf(event) ?? []) : []))[0] ?? null;

/** Who ended it, if the provider says so; else the leg that was dialled last. */
const endingLeg = ({ events, causes }: Call): Leg | 'unknown' => {
  const leg = reportedLeg(events);
  if (leg !== null) return leg;
  if (causes.B !== null) return 'B';
  return causes.A === null ? 'unknown' : 'A';
};

const refusedEvent = ({ events }: Call) => events.find(({ type }) => type === 'refused');

const why = (call: Call, t: T): string => {
  const { endReason, stateType, endedBy, events } = call;
  if (endReason === null) return t(`open.${stateType}`);
  if (endReason === 'completed') {
    if (endedBy === 'cancel') return t('hungUp.order');
    return t(`hungUp.${reportedLeg(events) ?? 'unknown'}`);
  }
  if (refusedEvent(call) && endReason === 'failed') return t('why.refused');
  return t(`why.${endReason}`, { who: t(`who.${endingLeg(call)}`) });
};

const refusal = (call: Call, t: T): string => {
  const category = refusedEvent(call)?.detail?.['category'];
  const key = `category.${String(category)}`;
  return key in text.en ? t(key as keyof (typeof text)['en']) : '';
};

const by = ({ endedBy, canceledBy }: Call, t: T): string => {
  if (endedBy === null) return '';
  return canceledBy === 'admin' ? t('by.admin') : t(`by.${endedBy}`);
};
