import { useId } from 'react';
import type { Schemas } from '../../api/client';
import { Badge } from '../../parts/badge';
import { Disclosure } from '../../parts/disclosure';
import { Fact } from '../../parts/fact';
import { useText } from '../../text/language';
import { text } from './text';

type Provider = Schemas['ProviderReply'];

/** As the service shows a secret that is set. */
const HIDDEN = '(set)';

export const ProviderCard = ({ provider }: { readonly provider: Provider }) => {
  const t = useText(text);
  const id = useId();
  const { callsAtOnce, callsPerSecond } = provider.limits;
  return (
    <article className="card provider" aria-labelledby={id}>
      <header>
        <h2 id={id}>{provider.name}</h2>
        <Health provider={provider} />
      </header>
      {provider.isLeftAlone && <p className="notice notice-bad">{t('circuitOpenHelp')}</p>}
      <dl className="facts">
        <Fact name={t('openCalls')}>
          {callsAtOnce === null ? provider.openCalls : t('ofLimit', { count: provider.openCalls, limit: callsAtOnce })}
          {callsAtOnce !== null && (
            <meter min={0} max={callsAtOnce} value={provider.openCalls} aria-label={t('openCalls')} />
          )}
        </Fact>
        <Fact name={t('perSecond')}>{callsPerSecond ?? t('noLimit')}</Fact>
        <Fact name={t('accounts')}>{t(accountsOf(provider))}</Fact>
      </dl>
      <Disclosure title={t('settings')}>
        <dl className="settings">
          {Object.entries(provider.settings).map(([name, value]) => (
            <div key={name}>
              <dt>
                <code>{name}</code>
              </dt>
              <dd>
                {value === HIDDEN ? (
                  <em>{t('isSet')}</em>
                ) : value === '' ? (
                  <em>{t('isUnset')}</em>
                ) : (
                  <code>{value}</code>
                )}
              </dd>
            </div>
          ))}
        </dl>
      </Disclosure>
    </article>
  );
};

const Health = ({ provider: { isReachable, isLeftAlone } }: { readonly provider: Provider }) => {
  const t = useText(text);
  return (
    <span className="badges">
      {isReachable ? <Badge tone="good">{t('reachable')}</Badge> : <Badge tone="bad">{t('unreachable')}</Badge>}
      {isLeftAlone && <Badge tone="bad">{t('circuitOpen')}</Badge>}
    </span>
  );
};

const accountsOf = ({ makesSubAccounts, sharesAccount }: Provider) => {
  if (sharesAccount) return 'sharesAccount';
  return makesSubAccounts ? 'makesSubAccounts' : 'ownAccounts';
};
