/** The fields of forms, each with its label. */
import {
  Button,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Select as AriaSelect,
  SelectValue,
  Text,
  TextField as AriaTextField,
  type TextFieldProps,
} from 'react-aria-components';

interface TextProps extends Omit<TextFieldProps, 'children' | 'className'> {
  readonly label: string;
  readonly help?: string | undefined;
  readonly placeholder?: string;
  /** What is wrong with it. */
  readonly error?: string | undefined;
}

export const TextField = ({ label, help, placeholder, error, ...props }: TextProps) => (
  <AriaTextField className="field" isInvalid={error !== undefined} {...props}>
    <Label>{label}</Label>
    <Input {...(placeholder !== undefined && { placeholder })} />
    {help !== undefined && (
      <Text slot="description" className="help">
        {help}
      </Text>
    )}
    <FieldError className="field-error">{error}</FieldError>
  </AriaTextField>
);

export interface Option<Value extends string> {
  readonly value: Value;
  readonly label: string;
}

interface SelectProps<Value extends string> {
  readonly label: string;
  readonly options: readonly Option<Value>[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

export const Select = <Value extends string>({ label, options, value, onChange }: SelectProps<Value>) => (
  <AriaSelect
    className="field"
    value={value}
    onChange={(key) => {
      const chosen = options.find((option) => option.value === key);
      if (chosen) onChange(chosen.value);
    }}
  >
    <Label>{label}</Label>
    <Button className="select-button">
      <SelectValue />
      <span aria-hidden="true" className="chevron" />
    </Button>
    <Popover className="popover">
      <ListBox className="list-box">
        {options.map((option) => (
          <ListBoxItem key={option.value} id={option.value} textValue={option.label} className="list-box-item">
            {option.label}
          </ListBoxItem>
        ))}
      </ListBox>
    </Popover>
  </AriaSelect>
);
