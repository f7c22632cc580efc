/** What can be done with an endpoint. Nothing is shown to those who may not. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok, type Schemas } from '../../api/client';
import { queryClient } from '../../api/query-client';
import { useMay } from '../../api/session';
import { Button } from '../../parts/button';
import { ConfirmDialog } from '../../parts/confirm-dialog';
import { useText } from '../../text/language';
import { EndpointForm } from './endpoint-form';
import { SecretDialog, type ShownSecret } from './secret-dialog';
import { text } from './text';
import { endpointQuery, readWebhooksAgain, type Endpoint } from './webhooks-api';

interface Props {
  readonly endpoint: Endpoint;
}

export const EndpointActions = ({ endpoint }: Props) => {
  if (!useMay('admin:webhooks:write')) return null;
  return (
    <>
      <Change endpoint={endpoint} />
      <NewSecret endpoint={endpoint} />
      <Enabling endpoint={endpoint} />
      <Remove endpoint={endpoint} />
    </>
  );
};

const change = async (endpointId: string, body: Schemas['WebhookEndpointChangeBody']): Promise<void> => {
  await ok(api.PATCH('/v1/admin/webhook-endpoints/{endpointId}', { params: { path: { endpointId } }, body }));
  await readWebhooksAgain();
};

const Change = ({ endpoint }: Props) => {
  const t = useText(text);
  return (
    <EndpointForm
      trigger={<Button>{t('change')}</Button>}
      title={t('changeTitle', { id: endpoint.id })}
      submit={t('save')}
      endpoint={endpoint}
      // A URL that is sent counts as a new one: what is pending would be retried at once.
      onSubmit={({ url, ...types }) => change(endpoint.id, { ...types, ...(url !== endpoint.url && { url }) })}
    />
  );
};

const NewSecret = ({ endpoint: { id } }: Props) => {
  const t = useText(text);
  const [created, setCreated] = useState<ShownSecret | null>(null);
  const create = async () => {
    const params = { path: { endpointId: id } };
    const reply = await ok(api.POST('/v1/admin/webhook-endpoints/{endpointId}/secret', { params }));
    setCreated({ endpointId: id, ...reply });
  };
  return (
    <>
      <ConfirmDialog
        trigger={<Button>{t('newSecret')}</Button>}
        title={t('newSecretTitle', { id })}
        confirm={t('newSecret')}
        isDangerous={false}
        onConfirm={create}
      >
        {t('newSecretWarning')}
      </ConfirmDialog>
      <SecretDialog shown={created} onClose={() => setCreated(null)} />
    </>
  );
};

const Enabling = ({ endpoint: { id, url, enabled } }: Props) => {
  const t = useText(text);
  const word = enabled ? 'disable' : 'enable';
  return (
    <ConfirmDialog
      trigger={<Button>{t(word)}</Button>}
      title={t(`${word}Title`, { id })}
      confirm={t(word)}
      isDangerous={enabled}
      onConfirm={() => change(id, { enabled: !enabled })}
    >
      <p className="long">{t(`${word}Warning`, { url })}</p>
    </ConfirmDialog>
  );
};

const Remove = ({ endpoint: { id, url } }: Props) => {
  const t = useText(text);
  const navigate = useNavigate();
  const remove = async () => {
    await ok(api.DELETE('/v1/admin/webhook-endpoints/{endpointId}', { params: { path: { endpointId: id } } }));
    await navigate({ to: '/webhooks' });
    queryClient.removeQueries({ queryKey: endpointQuery(id).queryKey });
    await readWebhooksAgain();
  };
  return (
    <ConfirmDialog
      trigger={<Button kind="danger">{t('remove')}</Button>}
      title={t('removeTitle', { id })}
      confirm={t('remove')}
      onConfirm={remove}
    >
      <p className="long">{t('removeWarning', { url })}</p>
    </ConfirmDialog>
  );
};
