/** Sends a test message now, and shows what the endpoint answered. */
import { useMutation } from '@tanstack/react-query';
import { api, ok, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { Button } from '../../parts/button';
import { Section } from '../../parts/section';
import { Failure } from '../../parts/states';
import { useText } from '../../text/language';
import { text } from './text';

export const useEndpointTest = (endpointId: string) =>
  useMutation({
    mutationFn: () =>
      ok(api.POST('/v1/admin/webhook-endpoints/{endpointId}/test', { params: { path: { endpointId } } })),
  });

type Test = ReturnType<typeof useEndpointTest>;

export const TestButton = ({ test }: { readonly test: Test }) => {
  const t = useText(text);
  if (!useMay('admin:webhooks:write')) return null;
  return (
    <Button kind="main" isPending={test.isPending} onPress={() => test.mutate()}>
      {t('test')}
    </Button>
  );
};

export const TestAnswer = ({ test }: { readonly test: Test }) => {
  const t = useText(text);
  if (test.isError) return <Failure error={test.error} />;
  if (!test.data) return null;
  return (
    <Section title={t('testSent')}>
      <Answer answer={test.data} />
    </Section>
  );
};

const Answer = ({ answer }: { readonly answer: Schemas['WebhookTestReply'] }) => {
  const t = useText(text);
  const { delivered, status, durationMs, error, response, webhookId } = answer;
  const values = { status: status ?? '', ms: durationMs };
  const outcome = delivered ? 'testDelivered' : status === null ? 'testUnanswered' : 'testRefused';
  return (
    <div className="card" role="status">
      <p className={delivered ? 'answer-good' : 'answer-bad'}>{t(outcome, values)}</p>
      {error !== null && <p lang="en">{error}</p>}
      <dl className="facts">
        {status !== null && (
          <div className="wide">
            <dt>{t('response')}</dt>
            <dd>{response === null || response === '' ? t('noBody') : <pre className="command">{response}</pre>}</dd>
          </div>
        )}
        <div className="wide">
          <dt>{t('webhookId')}</dt>
          <dd>
            <code className="long">{webhookId}</code>
          </dd>
        </div>
      </dl>
    </div>
  );
};
