import type { ReactNode } from 'react';
import { common } from '../text/common';
import { useText } from '../text/language';

export type Tone = 'good' | 'bad' | 'warn' | 'live' | 'plain';

/** A word with a colour. The colour never says more than the word. */
export const Badge = ({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ReactNode }) => (
  <span className={`badge badge-${tone}`}>{children}</span>
);

export type StateType = '1' | '2' | '3' | '4';

const STATE_TONES: Readonly<Record<StateType, Tone>> = { 1: 'warn', 2: 'warn', 3: 'live', 4: 'plain' };

export const StateBadge = ({ state }: { readonly state: StateType }) => {
  const t = useText(common);
  return <Badge tone={STATE_TONES[state]}>{t(`state.${state}`)}</Badge>;
};

export type EndReason =
  | 'completed'
  | 'canceled'
  | 'busy'
  | 'no_answer'
  | 'rejected'
  | 'unreachable'
  | 'failed'
  | 'lost';

const END_TONES: Readonly<Record<EndReason, Tone>> = {
  completed: 'good',
  canceled: 'plain',
  busy: 'plain',
  no_answer: 'plain',
  rejected: 'plain',
  unreachable: 'warn',
  failed: 'bad',
  lost: 'bad',
};

export const EndReasonBadge = ({ reason }: { readonly reason: EndReason }) => {
  const t = useText(common);
  return <Badge tone={END_TONES[reason]}>{t(`end.${reason}`)}</Badge>;
};
