import {
  FieldError,
  Label,
  Text,
  TextArea as AriaTextArea,
  TextField,
  type TextFieldProps,
} from 'react-aria-components';

interface Props extends Omit<TextFieldProps, 'children' | 'className'> {
  readonly label: string;
  readonly help?: string | undefined;
  readonly placeholder?: string;
  readonly rows?: number;
  /** What is wrong with it. */
  readonly error?: string | undefined;
}

/** A text of several lines. */
export const TextArea = ({ label, help, placeholder, rows = 4, error, ...props }: Props) => (
  <TextField className="field" isInvalid={error !== undefined} {...props}>
    <Label>{label}</Label>
    <AriaTextArea rows={rows} {...(placeholder !== undefined && { placeholder })} />
    {help !== undefined && (
      <Text slot="description" className="help">
        {help}
      </Text>
    )}
    <FieldError className="field-error">{error}</FieldError>
  </TextField>
);
