/** Gathers what the rules decide on (placing-rules.ts), for placing and for the dry run. */
import type { Parties } from '../../directory/directory.service.js';
import type { MoneyFacts, PlacingFacts } from '../../protection/placing-rules.js';
import type { RouteTaken } from '../../telephony/provider-registry.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import { isIdOfPhone } from '../record/party-id.js';
import type { CallToPay } from '../spending/spending.service.js';
import { knownAccount } from './carriers.js';
import type { SpentRates } from './placing-limits.js';

export interface CallToJudge {
  readonly callerId: string;
  readonly parties: Pick<
    Parties,
    | 'callerPhone'
    | 'calleePhone'
    | 'callerExtension'
    | 'calleeExtension'
    | 'callerSuppressed'
    | 'calleeSuppressed'
    | 'freezes'
    | 'lineCallsAtOnce'
    | 'subAccountId'
  >;
  readonly isServiceLine: boolean;
  /**
   * Undefined if none leads to the callee's number, or no provider of it may be taken. With the providers that can dial the
   * callee's extension, if there is one.
   */
  readonly route: RouteTaken | undefined;
  /** All that are configured. */
  readonly providers: readonly ResilientProvider[];
  readonly spent: SpentRates;
  /** In as many calls as it may be in at a time. */
  readonly isCalleeTaken: boolean;
  /** False of a line all of whose numbers are in a call. */
  readonly hasFreeNumber: boolean;
  readonly money: MoneyFacts | null;
}

export const placingFacts = (call: CallToJudge): PlacingFacts => {
  const { callerId, parties, isServiceLine, route, providers, spent, isCalleeTaken, hasFreeNumber, money } = call;
  const hasAccount = (provider: ResilientProvider): boolean => knownAccount(provider, callerId, parties) !== 'none';
  return {
    freezes: parties.freezes,
    caller: {
      id: isIdOfPhone(callerId) ? null : callerId,
      accounts: accountsOf(callerId, parties, route),
      phone: parties.callerPhone,
      hasExtension: parties.callerExtension !== null,
      isSuppressed: parties.callerSuppressed,
      spent: spent.ofCaller,
      spentOnCallees: spent.ofCallees,
      hasAccount: providers.some(hasAccount),
    },
    callee: {
      phone: parties.calleePhone,
      hasExtension: parties.calleeExtension !== null,
      isSuppressed: parties.calleeSuppressed,
      spent: spent.ofCallee,
      isServiceLine,
      callsAtOnce: parties.lineCallsAtOnce,
      isTaken: isCalleeTaken,
      hasFreeNumber,
    },
    money,
    now: new Date(),
    route:
      route === undefined
        ? null
        : {
            to: route.to,
            hasProvider: route.providers.length > 0,
            hasAccount: route.providers.some(hasAccount),
          },
  };
};

/** What decides on the call's price, and on the budgets that count it. @param hunted numbers, if there are several */
export const callToPay = (
  callerId: string,
  parties: CallToJudge['parties'],
  route: RouteTaken | undefined,
  longestTalkSeconds: number | null,
  hunted: readonly string[] = [],
): CallToPay => {
  const usable = (route?.providers ?? []).filter((provider) => knownAccount(provider, callerId, parties) !== 'none');
  return {
    userId: isIdOfPhone(callerId) ? null : callerId,
    accounts: accountsOf(callerId, parties, route),
    callerPhone: parties.callerPhone,
    calleePhones: hunted.length > 0 ? hunted : parties.calleePhone === null ? [] : [parties.calleePhone],
    providers: usable.map(({ name }) => name),
    longestTalkSeconds,
    canShortenTalk: usable.every(({ limitsTalk }) => limitsTalk),
  };
};

const accountsOf = (
  callerId: string,
  parties: Pick<Parties, 'subAccountId'>,
  route: RouteTaken | undefined,
): readonly string[] => (route?.providers ?? []).flatMap((provider) => accountOf(provider, callerId, parties) ?? []);

/** As a freeze names it; null if it is not known, or is still to be created. */
const accountOf = (
  { kind, sharedAccount, defaultAccount }: ResilientProvider,
  callerId: string,
  parties: Pick<Parties, 'subAccountId'>,
): string | null => {
  const externalId = isIdOfPhone(callerId)
    ? defaultAccount?.externalId
    : (parties.subAccountId(kind) ?? sharedAccount?.externalId);
  return externalId === undefined ? null : `${kind}/${externalId}`;
};
