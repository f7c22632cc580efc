/**
 * Filters above a list. They are kept in the address (search.ts):
 *
 *     const search = route.useSearch();
 *     <FilterBar filters={[{ name: 'phone', label: t('phone') }]} search={search} onChange={(next) => navigate({ search: next })} />
 */
import { useState, type SubmitEvent } from 'react';
import { common } from '../text/common';
import { useText } from '../text/language';
import { Button } from './button';
import { Select, TextField, type Option } from './fields';

export interface Filter<Name extends string> {
  readonly name: Name;
  readonly label: string;
  /** A choice of these; without them, a text. The choice of all is added. */
  readonly options?: readonly Option<string>[];
  readonly placeholder?: string;
  /** Of the text's input. */
  readonly type?: 'text' | 'search' | 'tel' | 'date' | 'datetime-local';
}

type Values<Name extends string> = Partial<Record<Name, string>>;

interface Props<Name extends string> {
  readonly filters: readonly Filter<Name>[];
  readonly search: Values<Name>;
  readonly onChange: (search: Values<Name>) => void;
}

/** A choice takes effect at once, a text with Enter or the button. */
export const FilterBar = <Name extends string>({ filters, search, onChange }: Props<Name>) => (
  // With another address, by the browser's way back for example, the fields begin anew.
  <FilterForm key={JSON.stringify(search)} filters={filters} search={search} onChange={onChange} />
);

const ANY = 'any';

const FilterForm = <Name extends string>({ filters, search, onChange }: Props<Name>) => {
  const t = useText(common);
  const [texts, setTexts] = useState(search);
  const withValue = (values: Values<Name>, name: Name, value: string): Values<Name> => {
    const others = Object.entries(values).filter(([other]) => other !== name);
    return Object.fromEntries(value === '' ? others : [...others, [name, value]]) as Values<Name>;
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onChange(texts);
  };
  return (
    <form className="filter-bar" role="search" onSubmit={submit}>
      {filters.map(({ name, label, options, placeholder, type = 'text' }) =>
        options ? (
          <Select
            key={name}
            label={label}
            options={[{ value: ANY, label: t('any') }, ...options]}
            value={texts[name] ?? ANY}
            onChange={(value) => onChange(withValue(texts, name, value === ANY ? '' : value))}
          />
        ) : (
          <TextField
            key={name}
            label={label}
            type={type}
            value={texts[name] ?? ''}
            onChange={(value) => setTexts(withValue(texts, name, value))}
            {...(placeholder !== undefined && { placeholder })}
          />
        ),
      )}
      <div className="filter-actions">
        <Button type="submit">{t('apply')}</Button>
        {Object.keys(search).length > 0 && (
          <Button kind="quiet" onPress={() => onChange({})}>
            {t('clear')}
          </Button>
        )}
      </div>
    </form>
  );
};
