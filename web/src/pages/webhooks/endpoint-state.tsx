import { Badge } from '../../parts/badge';
import { useText } from '../../text/language';
import { text } from './text';
import type { Endpoint, WebhookType } from './webhooks-api';

export const EndpointState = ({ endpoint: { enabled, failingSince } }: { readonly endpoint: Endpoint }) => {
  const t = useText(text);
  if (!enabled) return <Badge tone="bad">{t('disabled')}</Badge>;
  return failingSince === null ? <Badge tone="good">{t('working')}</Badge> : <Badge tone="warn">{t('failing')}</Badge>;
};

/** A newer service may know further types. */
export const useTypeName = (): ((type: string) => string) => {
  const t = useText(text);
  return (type) => (`type.${type}` in text.en ? t(`type.${type as WebhookType}`) : type);
};

export const Types = ({ types }: { readonly types: Endpoint['eventTypes'] }) => {
  const t = useText(text);
  const nameOf = useTypeName();
  if (types === null) return t('allTypes');
  return (
    <span className="badges">
      {types.map((type) => (
        <Badge key={type}>{nameOf(type)}</Badge>
      ))}
    </span>
  );
};
