import type { ReactNode } from 'react';
import { Checkbox as AriaCheckbox } from 'react-aria-components';

interface Props {
  readonly isSelected: boolean;
  readonly onChange: (isSelected: boolean) => void;
  readonly children: ReactNode;
}

export const Checkbox = ({ children, ...props }: Props) => (
  <AriaCheckbox className="checkbox" {...props}>
    <span aria-hidden="true" className="checkbox-box" />
    <span>{children}</span>
  </AriaCheckbox>
);
