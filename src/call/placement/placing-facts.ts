/** Gathers what the rules decide on (placing-rules.ts), for placing and for the dry run. */
import type { Parties } from '../../directory/directory.service.js';
import type { PlacingFacts } from '../../protection/placing-rules.js';
import type { RouteTaken } from '../../telephony/provider-registry.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import { isIdOfPhone } from '../record/party-id.js';
import { knownAccount } from './carriers.js';
import type { SpentRates } from './placing-limits.js';

export interface CallToJudge {
  readonly callerId: string;
  readonly parties: Pick<
    Parties,
    | 'callerPhone'
    | 'calleePhone'
    | 'callerSuppressed'
    | 'calleeSuppressed'
    | 'freezes'
    | 'lineCallsAtOnce'
    | 'subAccountId'
  >;
  readonly isServiceLine: boolean;
  /** Undefined if none leads to the callee's number, or no provider of it may be taken. */
  readonly route: RouteTaken | undefined;
  /** All that are configured. */
  readonly providers: readonly ResilientProvider[];
  readonly spent: SpentRates;
  /** In as many calls as it may be in at a time. */
  readonly isCalleeTaken: boolean;
}

export const placingFacts = (call: CallToJudge): PlacingFacts => {
  const { callerId, parties, isServiceLine, route, providers, spent, isCalleeTaken } = call;
  const hasAccount = (provider: ResilientProvider): boolean => knownAccount(provider, callerId, parties) !== 'none';
  const accounts = (route?.providers ?? []).flatMap((provider) => accountOf(provider, callerId, parties) ?? []);
  return {
    freezes: parties.freezes,
    caller: {
      id: isIdOfPhone(callerId) ? null : callerId,
      accounts,
      phone: parties.callerPhone,
      isSuppressed: parties.callerSuppressed,
      spent: spent.ofCaller,
      spentOnCallees: spent.ofCallees,
      hasAccount: providers.some(hasAccount),
    },
    callee: {
      phone: parties.calleePhone,
      isSuppressed: parties.calleeSuppressed,
      spent: spent.ofCallee,
      isServiceLine,
      callsAtOnce: parties.lineCallsAtOnce,
      isTaken: isCalleeTaken,
    },
    now: new Date(),
    route: route === undefined ? null : { to: route.to, hasAccount: route.providers.some(hasAccount) },
  };
};

/** As a freeze names it; null if it is not known, or is still to be created. */
const accountOf = (
  { name, sharedAccount, defaultAccount }: ResilientProvider,
  callerId: string,
  parties: Pick<Parties, 'subAccountId'>,
): string | null => {
  const externalId = isIdOfPhone(callerId)
    ? defaultAccount?.externalId
    : (parties.subAccountId(name) ?? sharedAccount?.externalId);
  return externalId === undefined ? null : `${name}/${externalId}`;
};
