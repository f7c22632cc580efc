/** A choice of several. It takes effect when the list closes, so that each choice does not load the page anew. */
import { useState } from 'react';
import { Button, Label, ListBox, ListBoxItem, Popover, Select, SelectValue, type Key } from 'react-aria-components';
import type { Option } from './fields';

interface Props<Value extends string> {
  readonly label: string;
  /** What is shown if none is chosen. */
  readonly placeholder: string;
  readonly options: readonly Option<Value>[];
  readonly values: readonly Value[];
  readonly onChange: (values: readonly Value[]) => void;
}

export const MultiSelect = <Value extends string>({ label, placeholder, options, values, onChange }: Props<Value>) => {
  const [draft, setDraft] = useState<readonly Value[] | null>(null);
  const chosenOf = (keys: readonly Key[]): Value[] =>
    options.map(({ value }) => value).filter((value) => keys.includes(value));
  const close = () => {
    setDraft(null);
    if (draft !== null && draft.join() !== values.join()) onChange(draft);
  };
  return (
    <Select
      className="field"
      selectionMode="multiple"
      placeholder={placeholder}
      value={draft ?? values}
      onChange={(keys) => setDraft(chosenOf(keys))}
      onOpenChange={(isOpen) => {
        if (!isOpen) close();
      }}
    >
      <Label>{label}</Label>
      <Button className="select-button">
        <SelectValue className="select-value" />
        <span aria-hidden="true" className="chevron" />
      </Button>
      <Popover className="popover">
        <ListBox className="list-box list-box-several">
          {options.map((option) => (
            <ListBoxItem key={option.value} id={option.value} textValue={option.label} className="list-box-item">
              {option.label}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </Select>
  );
};
