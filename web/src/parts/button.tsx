import type { Ref } from 'react';
import { Button as AriaButton, type ButtonProps } from 'react-aria-components';

interface Props extends Omit<ButtonProps, 'className'> {
  /** The main one of a form; one that destroys something; one without a border. */
  readonly kind?: 'plain' | 'main' | 'danger' | 'quiet';
  /** To focus it. */
  readonly ref?: Ref<HTMLButtonElement>;
}

/** By `isPending` it says that it works, and takes no second press. */
export const Button = ({ kind = 'plain', ...props }: Props) => (
  <AriaButton className={`button button-${kind}`} {...props} />
);
