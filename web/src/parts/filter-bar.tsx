/**
 * Filters above a list. They are kept in the address (search.ts):
 *
 *     const search = route.useSearch();
 *     <FilterBar filters={[{ name: 'phone', label: t('phone') }]} search={search} onChange={(next) => navigate({ search: next })} />
 */
import { useState, type SubmitEvent } from 'react';
import { pastedText } from '../api/csv';
import { common } from '../text/common';
import { useText } from '../text/language';
import { Button } from './button';
import { Select, TextField, type Option } from './fields';
import { MultiSelect } from './multi-select';

export interface Filter<Name extends string> {
  readonly name: Name;
  readonly label: string;
  /** A choice of these; without them, a text. The choice of all is added. */
  readonly options?: readonly Option<string>[];
  /** Several of the options may be chosen; the address has commas between them. */
  readonly isSeveral?: boolean;
  /** What the choice of none is called, if it is not all. */
  readonly any?: string;
  /** Shown on demand, or if it is set. */
  readonly isRare?: boolean;
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

const ANY = 'any';

/** A choice takes effect at once, a text with Enter or the button. */
export const FilterBar = <Name extends string>({ filters, search, onChange }: Props<Name>) => {
  const t = useText(common);
  const [texts, setTexts] = useTextsOf(search);
  const isRareSet = filters.some(({ name, isRare }) => isRare === true && search[name] !== undefined);
  const [isWide, setWide] = useState(isRareSet);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const pasted = Object.entries<string>(texts as Record<string, string>).map(([name, value]) => [
      name,
      pastedText(value),
    ]);
    onChange(Object.fromEntries(pasted) as Values<Name>);
  };
  const choose = (name: Name, value: string) => onChange(withValue(texts, name, value));
  return (
    <form className="filter-bar" role="search" onSubmit={submit}>
      {filters
        .filter(({ isRare }) => isWide || isRare !== true)
        .map((filter) => (
          <Field
            key={filter.name}
            filter={filter}
            value={texts[filter.name] ?? ''}
            onType={(value) => setTexts(withValue(texts, filter.name, value))}
            onChoose={(value) => choose(filter.name, value)}
          />
        ))}
      <div className="filter-actions">
        <Button type="submit">{t('apply')}</Button>
        {filters.some(({ isRare }) => isRare) && (
          <Button kind="quiet" aria-expanded={isWide} onPress={() => setWide(!isWide)}>
            {isWide ? t('fewerFilters') : t('moreFilters')}
          </Button>
        )}
        {Object.keys(search).length > 0 && (
          <Button kind="quiet" onPress={() => onChange({})}>
            {t('clear')}
          </Button>
        )}
      </div>
    </form>
  );
};

/** With another address, by the browser's way back for example, the fields begin anew. The focus stays. */
const useTextsOf = <V extends object>(search: V): [V, (texts: V) => void] => {
  const [texts, setTexts] = useState(search);
  const [shown, setShown] = useState(search);
  if (JSON.stringify(shown) !== JSON.stringify(search)) {
    setShown(search);
    setTexts(search);
  }
  return [texts, setTexts];
};

const withValue = <Name extends string>(values: Values<Name>, name: Name, value: string): Values<Name> => {
  const others = Object.entries(values).filter(([other]) => other !== name);
  return Object.fromEntries(value === '' ? others : [...others, [name, value]]) as Values<Name>;
};

interface FieldProps {
  readonly filter: Filter<string>;
  readonly value: string;
  readonly onType: (value: string) => void;
  readonly onChoose: (value: string) => void;
}

const Field = ({ filter, value, onType, onChoose }: FieldProps) => {
  const t = useText(common);
  const { label, options, isSeveral = false, any = t('any'), placeholder, type = 'text' } = filter;
  if (options && isSeveral) {
    return (
      <MultiSelect
        label={label}
        placeholder={any}
        options={options}
        values={value === '' ? [] : value.split(',')}
        onChange={(values) => onChoose(values.join(','))}
      />
    );
  }
  if (options) {
    return (
      <Select
        label={label}
        options={[{ value: ANY, label: any }, ...options]}
        value={value === '' ? ANY : value}
        onChange={(chosen) => onChoose(chosen === ANY ? '' : chosen)}
      />
    );
  }
  return (
    <TextField
      label={label}
      type={type}
      value={value}
      onChange={onType}
      {...(placeholder !== undefined && { placeholder })}
    />
  );
};
