/** A secret that no later response shows. So only the button closes the dialog, not a click beside it or a key. */
import { useRef, useState } from 'react';
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button } from '../../parts/button';
import { useTimeFormat } from '../../parts/time';
import { useText } from '../../text/language';
import { text } from './text';

export interface ShownSecret {
  readonly endpointId: string;
  readonly secret: string;
  /** Of the one before, if there was one. */
  readonly previousSecretUntil?: string;
}

interface Props {
  /** Null for none. */
  readonly shown: ShownSecret | null;
  readonly onClose: () => void;
}

export const SecretDialog = ({ shown, onClose }: Props) => (
  <ModalOverlay className="overlay" isOpen={shown !== null} isKeyboardDismissDisabled>
    <Modal className="modal">
      <Dialog className="dialog" role="alertdialog">
        {shown && <Secret shown={shown} onClose={onClose} />}
      </Dialog>
    </Modal>
  </ModalOverlay>
);

const Secret = ({
  shown: { endpointId, secret, previousSecretUntil },
  onClose,
}: {
  readonly shown: ShownSecret;
  readonly onClose: () => void;
}) => {
  const t = useText(text);
  const time = useTimeFormat();
  const field = useRef<HTMLInputElement>(null);
  const [outcome, setOutcome] = useState<'copied' | 'copyByHand' | null>(null);
  const copy = async () => {
    field.current?.select();
    try {
      // Absent on a page by http, and forbidden by some browsers' settings.
      await navigator.clipboard.writeText(secret);
      setOutcome('copied');
    } catch {
      field.current?.focus();
      setOutcome('copyByHand');
    }
  };
  return (
    <>
      <Heading slot="title">{t('secretTitle', { id: endpointId })}</Heading>
      <p className="notice">{t('secretOnce')}</p>
      <div className="field secret">
        <label htmlFor="secret">{t('secret')}</label>
        <input
          id="secret"
          ref={field}
          readOnly
          value={secret}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
        <Button onPress={() => void copy()}>{t('copy')}</Button>
      </div>
      <p className="quiet" role="status">
        {outcome !== null && t(outcome)}
      </p>
      {previousSecretUntil !== undefined && <p>{t('secretUntil', { time: time(previousSecretUntil) })}</p>}
      <div className="dialog-actions">
        <Button kind="main" onPress={onClose}>
          {t('stored')}
        </Button>
      </div>
    </>
  );
};
