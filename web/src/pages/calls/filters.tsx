import { useMemo } from 'react';
import type { EndReason, StateType } from '../../parts/badge';
import { dayFieldType } from '../../parts/day';
import { FilterBar, type Filter } from '../../parts/filter-bar';
import { TIME_ZONE } from '../../parts/time';
import { common } from '../../text/common';
import { useText } from '../../text/language';
import { withZone, type CallSearch } from './call-search';
import { text } from './text';

const STATES: readonly StateType[] = ['1', '2', '3', '4'];
const END_REASONS: readonly EndReason[] = [
  'completed',
  'canceled',
  'busy',
  'no_answer',
  'rejected',
  'unreachable',
  'failed',
  'lost',
];

interface Props {
  readonly search: CallSearch;
  readonly onChange: (search: CallSearch) => void;
}

/** The browser's own zone is the choice of none, whether the address names it or not. */
export const CallFilters = ({ search: { timeZone, ...others }, onChange }: Props) => {
  const t = useText(text);
  const c = useText(common);
  const foreign = timeZone === TIME_ZONE ? undefined : timeZone;
  const { from, to } = others;
  const filters = useMemo((): readonly Filter<keyof CallSearch>[] => {
    const zones = [...new Set(['UTC', ...(foreign === undefined ? [] : [foreign])])].filter(
      (zone) => zone !== TIME_ZONE,
    );
    return [
      { name: 'phone', label: t('phone'), type: 'tel', placeholder: t('phoneExample') },
      { name: 'userId', label: t('user'), placeholder: t('userExample') },
      {
        name: 'stateType',
        label: t('state'),
        isSeveral: true,
        options: STATES.map((value) => ({ value, label: c(`state.${value}`) })),
      },
      {
        name: 'endReason',
        label: t('endReason'),
        isSeveral: true,
        options: END_REASONS.map((value) => ({ value, label: c(`end.${value}`) })),
      },
      { name: 'from', label: t('from'), type: dayFieldType(from) },
      { name: 'to', label: t('to'), type: dayFieldType(to) },
      { name: 'callerId', label: t('caller'), isRare: true, placeholder: t('userExample') },
      { name: 'calleeId', label: t('callee'), isRare: true, placeholder: t('userExample') },
      {
        name: 'open',
        label: t('open'),
        isRare: true,
        options: [
          { value: 'true', label: t('isOpen') },
          { value: 'false', label: t('isOver') },
        ],
      },
      {
        name: 'completed',
        label: t('completed'),
        isRare: true,
        options: [
          { value: 'true', label: t('isCompleted') },
          { value: 'false', label: t('isNotCompleted') },
        ],
      },
      { name: 'provider', label: t('provider'), isRare: true, placeholder: t('providerExample') },
      {
        name: 'timeZone',
        label: t('zone'),
        isRare: true,
        any: TIME_ZONE,
        options: zones.map((zone) => ({ value: zone, label: zone })),
      },
    ];
  }, [t, c, foreign, from, to]);
  return (
    <FilterBar
      filters={filters}
      search={{ ...others, ...(foreign !== undefined && { timeZone: foreign }) }}
      onChange={(next) => onChange(withZone(next))}
    />
  );
};
