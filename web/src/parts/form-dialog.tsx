/**
 * A form in a dialog:
 *
 *     <FormDialog trigger={<Button>…</Button>} title={t('add')} submit={t('add')} initial={{ name: '' }} onSubmit={({ name }) => …}>
 *       {({ textOf }) => <TextField label={t('name')} {...textOf('name')} />}
 *     </FormDialog>
 *
 * A field has the name that the service has for it in a fault, without its first slash: `shown/toCallee`. So what is wrong is
 * shown at its field. While the request runs, the dialog stays; so it does if the request fails.
 */
import { useMutation } from '@tanstack/react-query';
import { useState, type ReactElement, type ReactNode, type SubmitEvent } from 'react';
import { Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { ProblemError } from '../api/problem';
import { common } from '../text/common';
import { useText } from '../text/language';
import { Button } from './button';
import { useFocusBack } from './focus-back';
import './form-dialog.css';
import { useSaid } from './said';
import { Failure } from './states';

type Values = Readonly<Record<string, string | boolean>>;
type TextsOf<V extends Values> = { [Name in keyof V]: V[Name] extends string ? Name : never }[keyof V] & string;

interface TextProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: string | undefined;
}

export interface Form<V extends Values> {
  readonly values: V;
  readonly set: (changed: Partial<V>) => void;
  /** The properties of a text's field. */
  readonly textOf: (name: TextsOf<V>) => TextProps;
}

interface Props<V extends Values> {
  readonly trigger: ReactElement;
  readonly title: string;
  /** On the button. */
  readonly submit: string;
  readonly isDangerous?: boolean;
  readonly initial: V;
  readonly onSubmit: (values: V) => Promise<unknown>;
  readonly children: (form: Form<V>) => ReactNode;
}

export const FormDialog = <V extends Values>({ trigger, ...props }: Props<V>) => (
  <DialogTrigger>
    {trigger}
    <ModalOverlay className="overlay">
      <Modal className="modal">
        <Dialog className="dialog">{({ close }) => <Fields {...props} close={close} />}</Dialog>
      </Modal>
    </ModalOverlay>
  </DialogTrigger>
);

const Fields = <V extends Values>({
  title,
  submit,
  isDangerous = false,
  initial,
  onSubmit,
  children,
  close,
}: Omit<Props<V>, 'trigger'> & { readonly close: () => void }) => {
  const t = useText(common);
  const said = useSaid();
  useFocusBack();
  const [values, setValues] = useState(initial);
  const order = useMutation({ mutationFn: onSubmit, onSuccess: close });
  const names = Object.keys(initial);
  // The browser sends no form with a field that is marked as wrong. So a field is no longer once it is changed, and no field is
  // once something is chosen that others may depend on.
  const [mended, setMended] = useState<readonly string[]>([]);
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    if (order.isPending) return;
    setMended([]);
    order.mutate(values);
  };
  const set = (changed: Partial<V>) => {
    setValues({ ...values, ...changed });
    setMended(names);
  };
  const textOf = (name: TextsOf<V>): TextProps => ({
    value: values[name] as string,
    onChange: (value) => {
      setValues({ ...values, [name]: value });
      setMended([...mended, name]);
    },
    error: mended.includes(name) ? undefined : faultsAt(order.error, name).map(said).join('; ') || undefined,
  });
  return (
    <form className="form" onSubmit={send}>
      <Heading slot="title">{title}</Heading>
      {children({ values, set, textOf })}
      {order.isError && <Failure error={withoutFaultsAt(order.error, names)} />}
      <div className="dialog-actions">
        <Button onPress={close}>{t('cancel')}</Button>
        <Button type="submit" kind={isDangerous ? 'danger' : 'main'} isPending={order.isPending}>
          {submit}
        </Button>
      </div>
    </form>
  );
};

const isAt = (where: string, name: string): boolean => where === `/${name}` || where.startsWith(`/${name}/`);

const faultsAt = (error: unknown, name: string): string[] => {
  if (!(error instanceof ProblemError)) return [];
  const faults = error.problem.errors?.filter(({ where }) => isAt(where, name)) ?? [];
  return faults.map(({ what }) => what);
};

/** Those are at their fields already. */
const withoutFaultsAt = (error: unknown, names: readonly string[]): unknown => {
  if (!(error instanceof ProblemError) || error.problem.errors === undefined) return error;
  const { errors, ...problem } = error.problem;
  const others = errors.filter(({ where }) => !names.some((name) => isAt(where, name)));
  return new ProblemError({ ...problem, ...(others.length > 0 && { errors: others }) });
};
