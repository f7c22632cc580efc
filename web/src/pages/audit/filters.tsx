import { useMemo } from 'react';
import { FilterBar, type Filter } from '../../parts/filter-bar';
import { useText } from '../../text/language';
import { ACTIONS, actions, isKnownAction } from './actions';
import { fieldOf, instantOf } from './instants';
import { text } from './text';

export const AUDIT_FILTERS = ['subject', 'action', 'target', 'from', 'to'] as const;

type Name = (typeof AUDIT_FILTERS)[number];
export type AuditSearch = Partial<Record<Name, string>>;

interface Props {
  readonly search: AuditSearch;
  readonly onChange: (search: AuditSearch) => void;
}

/** The times, from the address into the fields and back. */
const withTimes = ({ from, to, ...others }: AuditSearch, convert: (text: string) => string): AuditSearch => {
  const times = Object.entries({ from, to }).flatMap(([name, value]) =>
    value === undefined || convert(value) === '' ? [] : [[name, convert(value)]],
  );
  return { ...others, ...(Object.fromEntries(times) as AuditSearch) };
};

export const AuditFilters = ({ search, onChange }: Props) => {
  const t = useText(text);
  const nameOf = useText(actions);
  const { action } = search;
  const filters = useMemo((): readonly Filter<Name>[] => {
    const known = ACTIONS.map((value) => ({ value, label: nameOf(value) }));
    const foreign = action === undefined || isKnownAction(action) ? [] : [{ value: action, label: action }];
    return [
      { name: 'subject', label: t('subject'), placeholder: t('subjectExample') },
      { name: 'action', label: t('action'), options: [...known, ...foreign] },
      { name: 'target', label: t('target'), placeholder: t('targetExample') },
      { name: 'from', label: t('from'), type: 'datetime-local' },
      { name: 'to', label: t('to'), type: 'datetime-local' },
    ];
  }, [t, nameOf, action]);
  return (
    <div className="audit-filters">
      <FilterBar
        filters={filters}
        search={withTimes(search, fieldOf)}
        onChange={(next) => onChange(withTimes(next, instantOf))}
      />
    </div>
  );
};
