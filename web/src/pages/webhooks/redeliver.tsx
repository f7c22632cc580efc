/** Sends again what an endpoint has missed: one change, or all changes of a call. */
import { useState, type ReactElement } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { useText } from '../../text/language';
import { text } from './text';
import { redeliver, type Delivery, type Endpoint } from './webhooks-api';

interface Props {
  readonly endpoint: Pick<Endpoint, 'id' | 'url' | 'enabled'>;
  readonly trigger: ReactElement;
  readonly onDone: (count: number) => void;
}

export const RedeliverChange = ({
  endpoint,
  delivery: { callSid, number },
  trigger,
  onDone,
}: Props & { readonly delivery: Pick<Delivery, 'callSid' | 'number'> }) => {
  const t = useText(text);
  return (
    <ConfirmDialog
      trigger={trigger}
      title={t('againTitle', { number })}
      confirm={t('again')}
      isDangerous={false}
      onConfirm={async () => onDone(await redeliver(endpoint.id, callSid, number))}
    >
      <p className="long">{t('againWarning', { url: endpoint.url })}</p>
      {!endpoint.enabled && <p>{t('againDisabled')}</p>}
    </ConfirmDialog>
  );
};

export const RedeliverCall = ({
  endpoint,
  callSid,
  count,
  trigger,
  onDone,
}: Props & { readonly callSid: string; readonly count: number }) => {
  const t = useText(text);
  return (
    <ConfirmDialog
      trigger={trigger}
      title={t('allAgainTitle')}
      confirm={t('allAgainAction')}
      isDangerous={false}
      onConfirm={async () => onDone(await redeliver(endpoint.id, callSid))}
    >
      <p className="long">{t('allAgainWarning', { url: endpoint.url, count })}</p>
      {!endpoint.enabled && <p>{t('againDisabled')}</p>}
    </ConfirmDialog>
  );
};

/** How many deliveries an order has made pending. */
export const useRedelivered = () => {
  const t = useText(text);
  const [count, setCount] = useState<number | null>(null);
  const notice = count !== null && (
    <p className="notice" role="status">
      {t('underWay', { count })}
    </p>
  );
  return { notice, onDone: setCount };
};
