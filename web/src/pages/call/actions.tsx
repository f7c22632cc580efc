import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, ok, type Schemas } from '../../api/client';
import { saveFile } from '../../api/save-file';
import { useMay } from '../../api/session';
import { Button } from '../../parts/button';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { Failure } from '../../parts/states';
import { useText } from '../../text/language';
import type { Call } from './legs';
import { text } from './text';

export type HangUpOutcome = Schemas['CanceledCallReply']['outcome'];

interface HangUpProps {
  readonly call: Call;
  readonly onDone: (outcome: HangUpOutcome) => void;
}

export const HangUp = ({ call, onDone }: HangUpProps) => {
  const t = useText(text);
  const client = useQueryClient();
  const { callSid } = call;
  const hangUp = async () => {
    const { outcome } = await ok(api.POST('/v1/admin/calls/{callSid}/cancel', { params: { path: { callSid } } }));
    onDone(outcome);
    await client.invalidateQueries({ queryKey: ['call', callSid] });
  };
  return (
    <ConfirmDialog
      title={t('hangUpTitle')}
      confirm={t('hangUp')}
      onConfirm={hangUp}
      trigger={<Button kind="danger">{t('hangUp')}</Button>}
    >
      {t('hangUpWarning', { caller: call.callerPhone, callee: call.calleePhone })}
    </ConfirmDialog>
  );
};

/** Everything about the call as a file that a person can read. */
const saveBundle = async (callSid: string, full: boolean): Promise<void> => {
  const params = { path: { callSid }, ...(full && { query: { full } }) };
  const bundle = await ok(api.GET('/v1/admin/calls/{callSid}/bundle', { params }));
  const file = new Blob([`${JSON.stringify(bundle, null, 2)}\n`], { type: 'application/json' });
  saveFile(file, `call-${callSid}${full ? '-full' : ''}.json`);
};

export const BundleDownload = ({ callSid }: { readonly callSid: string }) => {
  const t = useText(text);
  const mayReadNumbers = useMay('admin:numbers');
  const download = useMutation({ mutationFn: () => saveBundle(callSid, false) });
  return (
    <div className="stack">
      <p className="about">{t('bundleAbout')}</p>
      <div className="actions">
        <Button isPending={download.isPending} onPress={() => download.mutate()}>
          {t('bundle')}
        </Button>
        {mayReadNumbers && (
          <ConfirmDialog
            title={t('bundleFullTitle')}
            confirm={t('download')}
            isDangerous={false}
            onConfirm={() => saveBundle(callSid, true)}
            trigger={<Button>{t('bundleFull')}</Button>}
          >
            {t('bundleFullWarning')}
          </ConfirmDialog>
        )}
      </div>
      {download.isError && <Failure error={download.error} />}
    </div>
  );
};
