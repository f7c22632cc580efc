import type { ReactNode } from 'react';
import { CheckboxButton, CheckboxField } from 'react-aria-components';

interface Props {
  readonly isSelected: boolean;
  readonly onChange: (isSelected: boolean) => void;
  readonly children: ReactNode;
}

export const Checkbox = ({ children, ...props }: Props) => (
  <CheckboxField {...props}>
    <CheckboxButton className="checkbox">
      <span aria-hidden="true" className="checkbox-box" />
      <span>{children}</span>
    </CheckboxButton>
  </CheckboxField>
);
