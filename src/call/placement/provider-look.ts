/** Whether a provider of the route would carry a call, in words. The desk has these sentences in Chinese too. Pure. */
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import type { KnownAccount } from './carriers.js';

export const NO_CARRIER = 'None of the providers on the route can carry it at the moment.';

const ACCOUNTS: Readonly<Record<KnownAccount, string>> = {
  own: 'The caller has a sub-account there.',
  can_be_created: 'The caller has no sub-account there yet; the call would create one.',
  shared: 'The caller has no sub-account there, and would call under the account of the service.',
  none: 'The caller has no sub-account there.',
};

type LookedAt = Pick<ResilientProvider, 'name' | 'limits' | 'isCircuitOpen'>;

interface ProviderFacts {
  readonly carried: number;
  /** Or no budget counts the call. */
  readonly isPriced: boolean;
  /** With the extension, if there is one. */
  readonly dialsCallee: boolean;
}

export const lookAt = (provider: LookedAt, account: KnownAccount, facts: ProviderFacts) => ({
  provider: provider.name,
  account: ACCOUNTS[account],
  obstacle: account === 'none' ? ACCOUNTS.none : obstacleOf(provider, facts),
});

const obstacleOf = (provider: LookedAt, { carried, isPriced, dialsCallee }: ProviderFacts): string | null => {
  if (!dialsCallee) return 'It cannot dial an extension.';
  if (!isPriced) return 'It has no price for both numbers, and a budget counts the call.';
  const { callsAtOnce } = provider.limits;
  if (provider.isCircuitOpen) return 'It has failed repeatedly, so no calls are sent to it for a while.';
  if (callsAtOnce !== null && carried >= callsAtOnce) {
    return `Its limit of concurrent calls is reached: ${carried} of ${callsAtOnce}.`;
  }
  return null;
};
