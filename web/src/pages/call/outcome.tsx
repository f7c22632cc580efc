/** What became of the call, in words. */
import { EndReasonBadge, StateBadge, type EndReason, type StateType } from '../../parts/badge';
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
        <StateBadge state={call.stateType as StateType} />
        {call.endReason !== null && <EndReasonBadge reason={call.endReason as EndReason} />}
      </p>
      <p className="verdict">{why(call, t)}</p>
      {call.endReason !== null && <p className="quiet">{[refusal(call, t), by(call, t)].join(' ').trim()}</p>}
    </div>
  );
};

/** Who ended it, if the provider says so; else the leg that was dialled last. */
const endingLeg = ({ events, causes }: Call): Leg | 'unknown' => {
  const ended = events.find((event) => event.type === 'ended' && legOf(event) !== null);
  if (ended) return legOf(ended)!;
  if (causes.B !== null) return 'B';
  return causes.A === null ? 'unknown' : 'A';
};

const refusedEvent = ({ events }: Call) => events.find(({ type }) => type === 'refused');

const why = (call: Call, t: T): string => {
  const { endReason, stateType, endedBy, events } = call;
  if (endReason === null) return t(`open.${stateType as StateType}`);
  if (endReason === 'completed') {
    if (endedBy === 'cancel') return t('hungUp.order');
    const ended = events.find((event) => event.type === 'ended' && legOf(event) !== null);
    return t(`hungUp.${ended ? legOf(ended)! : 'unknown'}`);
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
  return canceledBy === 'admin' ? t('by.admin') : t(`by.${endedBy as 'provider' | 'sweeper' | 'cancel'}`);
};
