/** Which providers may carry a caller's call, and under which account. */
import type { Parties } from '../../directory/directory.service.js';
import type { ProviderRegistry } from '../../telephony/provider-registry.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import type { SubAccountCredentials } from '../../telephony/telephony-provider.js';
import { isIdOfPhone } from '../record/party-id.js';
import type { SubAccountMaker } from './sub-account-maker.js';

/** A provider that may carry the call, with the account that pays for it there. */
export interface Carrier {
  readonly provider: ResilientProvider;
  readonly subAccount: SubAccountCredentials;
}

/**
 * The caller's account at a provider, as far as is known without asking the provider. A user without a sub-account is given
 * one, or shares the provider's own, where that is possible. A caller who is a phone and no user has the provider's default
 * account.
 */
export type KnownAccount = 'own' | 'can_be_created' | 'shared' | 'none';

export const knownAccount = (
  provider: Pick<ResilientProvider, 'kind' | 'defaultAccount' | 'sharedAccount' | 'createSubAccount'>,
  callerId: string,
  parties: Pick<Parties, 'subAccountId'>,
): KnownAccount => {
  if (isIdOfPhone(callerId)) return provider.defaultAccount === undefined ? 'none' : 'shared';
  if (parties.subAccountId(provider.kind) !== null) return 'own';
  if (provider.createSubAccount) return 'can_be_created';
  return provider.sharedAccount === undefined ? 'none' : 'shared';
};

/** @param extension the callee's; null for none */
export const dialling = (
  providers: readonly ResilientProvider[],
  calleePhone: string,
  extension: string | null,
): readonly ResilientProvider[] =>
  extension === null ? providers : providers.filter((provider) => provider.dialsExtension(calleePhone));

export class Carriers {
  constructor(
    private readonly providers: ProviderRegistry,
    private readonly subAccounts: SubAccountMaker,
  ) {}

  /** Whether the caller has an account at any provider. If there is none anywhere, one is created. */
  async haveAccount(callerId: string, parties: Parties): Promise<boolean> {
    if (isIdOfPhone(callerId)) return this.providers.all.some(({ defaultAccount }) => defaultAccount !== undefined);
    if (this.providers.all.some((provider) => hasAccount(provider, parties))) return true;
    for (const provider of this.providers.all) {
      if (await this.subAccounts.make(provider, callerId)) return true;
    }
    return false;
  }

  /**
   * The providers of a route at which the caller has an account. A missing sub-account is created when the iteration
   * reaches its provider.
   * @param noAccountAt gets the names of the others
   */
  async *on(
    route: readonly ResilientProvider[],
    callerId: string,
    parties: Parties,
    noAccountAt: string[],
  ): AsyncGenerator<Carrier, undefined> {
    for (const provider of route) {
      const subAccount = isIdOfPhone(callerId)
        ? provider.defaultAccount
        : (parties.subAccount(provider.kind) ??
          (await this.subAccounts.make(provider, callerId)) ??
          provider.sharedAccount);
      if (subAccount) yield { provider, subAccount };
      else noAccountAt.push(provider.name);
    }
    return undefined;
  }
}

const hasAccount = ({ kind, sharedAccount }: ResilientProvider, parties: Parties): boolean =>
  sharedAccount !== undefined || parties.subAccountId(kind) !== null;
