import { api, ok, type Schemas } from '../../api/client';
import { OpenConfirmDialog } from '../../parts/confirm-dialog';
import { durationText } from '../../parts/time';
import { useText } from '../../text/language';
import { partyText, secondsOf } from './call-row';
import { useNow } from './clock';
import type { LiveCall } from './live-calls';
import { text } from './text';

export type Outcome = Schemas['CanceledCallReply']['outcome'];

interface Props {
  readonly call: LiveCall;
  readonly aheadMs: number;
  readonly onDone: (outcome: Outcome) => void;
  readonly onClose: () => void;
}

export const HangUp = ({ call, aheadMs, onDone, onClose }: Props) => {
  const t = useText(text);
  const now = useNow();
  const { callSid, provider } = call;
  const hangUp = async () => {
    const { outcome } = await ok(api.POST('/v1/admin/calls/{callSid}/cancel', { params: { path: { callSid } } }));
    onDone(outcome);
  };
  const callee =
    call.serviceLineId === null
      ? partyText(call.calleeId, call.calleePhone)
      : partyText(t('line', { name: call.serviceLineId }), call.calleePhone);
  return (
    <OpenConfirmDialog title={t('hangUpTitle')} confirm={t('hangUp')} onConfirm={hangUp} onClose={onClose}>
      <p>
        <strong>
          {t('hangUpWho', {
            caller: partyText(call.callerId, call.callerPhone),
            callee,
            provider,
            age: durationText(secondsOf(call, now + aheadMs)),
          })}
        </strong>
      </p>
      <p>{t('hangUpWarning')}</p>
    </OpenConfirmDialog>
  );
};
