/**
 * Asks before something that cannot be taken back:
 *
 *     <ConfirmDialog title={t('hangUp')} confirm={t('hangUp')} onConfirm={() => ok(api.POST(…))} trigger={<Button>…</Button>}>
 *       {t('hangUpWarning')}
 *     </ConfirmDialog>
 *
 * While the request runs, the dialog stays; a failure is shown in it.
 */
import { useMutation } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';
import { Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { common } from '../text/common';
import { useText } from '../text/language';
import { Button } from './button';
import { useFocusBack } from './focus-back';
import { Failure } from './states';

interface Props {
  readonly trigger: ReactElement;
  readonly title: string;
  readonly children: ReactNode;
  /** On the button. */
  readonly confirm: string;
  readonly isDangerous?: boolean;
  readonly onConfirm: () => Promise<unknown>;
}

export const ConfirmDialog = ({ trigger, ...props }: Props) => (
  <DialogTrigger>
    {trigger}
    <ModalOverlay className="overlay" isDismissable>
      <QuestionBox {...props} />
    </ModalOverlay>
  </DialogTrigger>
);

/** Without a button of its own: for a list whose rows may vanish while it asks. It is open while it is there. */
export const OpenConfirmDialog = ({ onClose, ...props }: Omit<Props, 'trigger'> & { readonly onClose: () => void }) => (
  <ModalOverlay
    className="overlay"
    isDismissable
    isOpen
    onOpenChange={(isOpen) => {
      if (!isOpen) onClose();
    }}
  >
    <QuestionBox {...props} />
  </ModalOverlay>
);

const QuestionBox = (props: Omit<Props, 'trigger'>) => (
  <Modal className="modal">
    <Dialog role="alertdialog" className="dialog">
      {({ close }) => <Question {...props} close={close} />}
    </Dialog>
  </Modal>
);

const Question = ({
  title,
  children,
  confirm,
  isDangerous = true,
  onConfirm,
  close,
}: Omit<Props, 'trigger'> & { readonly close: () => void }) => {
  const t = useText(common);
  useFocusBack();
  const order = useMutation({ mutationFn: onConfirm, onSuccess: close });
  return (
    <>
      <Heading slot="title">{title}</Heading>
      <div className="dialog-body">{children}</div>
      {order.isError && <Failure error={order.error} />}
      <div className="dialog-actions">
        <Button onPress={close}>{t('cancel')}</Button>
        <Button kind={isDangerous ? 'danger' : 'main'} isPending={order.isPending} onPress={() => order.mutate()}>
          {confirm}
        </Button>
      </div>
    </>
  );
};
