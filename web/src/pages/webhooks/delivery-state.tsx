import { Badge, type Tone } from '../../parts/badge';
import { useText, type Translate } from '../../text/language';
import { text } from './text';
import type { Attempt, DeliveryState as State } from './webhooks-api';

const TONES: Readonly<Record<State, Tone>> = { pending: 'warn', delivered: 'good', failed: 'bad' };

export const DeliveryState = ({ state }: { readonly state: State }) => {
  const t = useText(text);
  return <Badge tone={TONES[state]}>{t(`state.${state}`)}</Badge>;
};

/** The status of the response, or why there is none. */
export const answerOf = ({ status, durationMs }: Attempt, t: Translate<keyof (typeof text)['en']>): string => {
  if (status !== null) return String(status);
  return durationMs === null ? t('inFlight') : t('noResponse');
};
