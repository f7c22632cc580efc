/**
 * Whether a call may be placed: one pure function over what is known of it. Placing and the dry run both decide by it, so the
 * dry run never promises what placing refuses. What it saw and said is kept with the call, or with the refusal.
 */
import { maskPhone } from '../common/phone-number.js';
import type { Config } from '../config/config.js';
import type { CallRate } from '../config/setting-values.js';
import { amountShown } from './call-cost.js';
import type { SpentRate } from './call-rates.js';
import { describeFreeze, stopsCallee, stopsCaller, type Freeze } from './freezes.js';
import { quietTime } from './quiet-hours.js';
import { lookAtDestination, type DestinationRules } from './destination-rules.js';

interface PartyFacts {
  /** As it is stored; null if there is none. */
  readonly phone: string | null;
  /** Behind a switchboard. */
  readonly hasExtension: boolean;
  /** Its number is on the suppression list. Never of a user who calls, because a user asks for the call. */
  readonly isSuppressed: boolean;
  /** Null if another call is allowed, as far as is known. */
  readonly spent: SpentRate | null;
}

export interface PlacingFacts {
  /** In force; those that may concern the call. */
  readonly freezes: readonly Freeze[];
  readonly caller: PartyFacts & {
    /** Null for a phone that a backend names. */
    readonly id: string | null;
    /** `<provider>/<external id>` of each account that may pay for the call. */
    readonly accounts: readonly string[];
    /** As `spent`, of the different numbers that the caller calls. */
    readonly spentOnCallees: SpentRate | null;
    /** At any provider; one that could be created counts. */
    readonly hasAccount: boolean;
  };
  readonly callee: PartyFacts & {
    readonly isServiceLine: boolean;
    /** Of a service line; null: no limit, or no line. */
    readonly callsAtOnce: number | null;
    /** In as many calls as it may have at a time. */
    readonly isTaken: boolean;
    /** False of a service line all of whose numbers are in a call, while each has one at a time. */
    readonly hasFreeNumber: boolean;
  };
  /** Null if no budget counts the call. */
  readonly money: MoneyFacts | null;
  readonly now: Date;
  /** Null if none leads to the callee's number. */
  readonly route: {
    /** As written in the configuration. */
    readonly to: string;
    /** One that can dial the callee's extension, if there is one. */
    readonly hasProvider: boolean;
    /** The caller's account, at a provider of the route. */
    readonly hasAccount: boolean;
  } | null;
}

/** Amounts are in millionths of the currency's unit. */
export interface MoneyFacts {
  /** What the call may cost at most; null if no provider of the route has a price for both numbers. */
  readonly worst: bigint | null;
  readonly currency: string;
  /** That count the call, in words. */
  readonly budgets: readonly string[];
  /** To which the talk is limited because a budget has less left than a whole call may cost; null if it is not. */
  readonly shortTalkSeconds: number | null;
  /** The one that has less left; null if the call is allowed, as far as is known. */
  readonly spent: { readonly budget: string; readonly left: bigint } | null;
}

export type PlacingSettings = DestinationRules &
  Pick<Config, 'callsPerCaller' | 'calleesPerCaller' | 'callsPerCallee' | 'oneCallPerCallee' | 'quietHours'>;

/** What a rule saw, without whole phone numbers, and why it refuses the call; null if it does not. */
export interface Look {
  readonly saw: string;
  readonly obstacle: string | null;
  readonly retryAfterSeconds?: number;
  readonly spent?: CallRate;
}

interface Rule<Fault extends string = string> {
  readonly name: string;
  /** Why the call is not placed, for programs. */
  readonly fault: Fault;
  /** A caller who is refused by such a rule learns nothing else, not even of an own call that is running. */
  readonly isOfCaller: boolean;
  readonly look: (facts: PlacingFacts, settings: PlacingSettings) => Look;
}

const rule = <const Fault extends string>(name: string, fault: Fault, look: Rule['look']): Rule<Fault> => ({
  name,
  fault,
  isOfCaller: false,
  look,
});

const ruleOfCaller = <const Fault extends string>(name: string, fault: Fault, look: Rule['look']): Rule<Fault> => ({
  name,
  fault,
  isOfCaller: true,
  look,
});

/** The first one that refuses decides. Those of the callee that only the statement which opens the call can know are the last ones. */
const RULES = [
  ruleOfCaller('caller_freeze', 'frozen', (facts, settings) => freezeLook(facts, settings, stopsCaller)),
  ruleOfCaller('caller_phone', 'caller_has_no_phone', ({ caller }) => phoneLook(caller.phone, 'The caller')),
  ruleOfCaller('caller_extension', 'caller_has_extension', ({ caller }) => ({
    saw: caller.hasExtension ? 'an extension' : 'none',
    obstacle: caller.hasExtension ? 'The caller’s phone has an extension. Only a callee’s can be dialled.' : null,
  })),
  ruleOfCaller('caller_destination', 'caller_not_allowed', ({ caller }, settings) => {
    const { saw, obstacle } = destination(caller, settings);
    return { saw, obstacle: obstacle && `The caller may not call: ${obstacle}` };
  }),
  ruleOfCaller('caller_suppression', 'caller_suppressed', ({ caller }) => suppression(caller, 'The caller’s')),
  ruleOfCaller('caller_account', 'no_account', ({ caller }) =>
    account(caller.hasAccount, 'The caller has no account at any provider.'),
  ),
  // Before anything is said about the callee: otherwise a caller who may not call now could ask which users there are.
  rule('caller_rate', 'caller_calls_too_often', ({ caller }, { callsPerCaller }) =>
    rateLook(
      callsPerCaller,
      caller.spent,
      (spent) => `The caller has placed ${spent}, as many as CALLS_PER_CALLER allows.`,
    ),
  ),
  rule('callees_rate', 'caller_calls_too_many_numbers', ({ caller, callee }, { calleesPerCaller }) =>
    callee.isServiceLine
      ? EXEMPT
      : rateLook(
          calleesPerCaller,
          caller.spentOnCallees,
          (spent) => `The caller has called ${spent}, as many as CALLEES_PER_CALLER allows.`,
          'numbers',
        ),
  ),
  rule('callee_phone', 'callee_has_no_phone', ({ callee }) => phoneLook(callee.phone, 'The callee')),
  rule('callee_freeze', 'frozen', (facts, settings) => freezeLook(facts, settings, stopsCallee)),
  rule('callee_destination', 'callee_not_allowed', ({ callee }, settings) => destination(callee, settings)),
  rule('callee_suppression', 'callee_suppressed', ({ callee }) => suppression(callee, 'The callee’s')),
  rule('route', 'no_route', ({ route }) => ({
    saw: route === null ? 'none' : route.to === '' ? 'the route for all numbers' : route.to,
    obstacle: route === null ? 'No route leads to this number, or not the one of the request.' : null,
  })),
  rule('extension', 'extension_not_dialled', ({ callee, route }) => ({
    saw: callee.hasExtension ? 'an extension' : 'none',
    obstacle:
      callee.hasExtension && route?.hasProvider !== true
        ? 'The callee’s number has an extension, and no provider of the route can dial one.'
        : null,
  })),
  rule('route_account', 'no_account', ({ route }) =>
    account(route?.hasAccount === true, 'The caller has no account at a provider of the route.'),
  ),
  rule('two_phones', 'same_phone', ({ caller, callee }) => {
    // Two users may share a phone. The provider would ring it and then connect it to itself.
    const isSame = caller.phone === callee.phone;
    return {
      saw: isSame ? 'one phone' : 'two phones',
      obstacle: isSame ? 'Caller and callee have the same phone.' : null,
    };
  }),
  rule('price', 'no_price', ({ money }) => {
    if (money === null) return { saw: 'no budget', obstacle: null };
    if (money.worst !== null) {
      const talk = money.shortTalkSeconds === null ? '' : `, with a talk of ${money.shortTalkSeconds} s`;
      return { saw: `at most ${amountShown(money.worst)} ${money.currency}${talk}`, obstacle: null };
    }
    const obstacle = 'A budget counts the call, and no provider of the route has a price for both numbers.';
    return { saw: 'no price', obstacle };
  }),
  rule('quiet_hours', 'callee_in_quiet_hours', ({ callee, now }, { quietHours, phoneRegion }) => {
    if (callee.isServiceLine) return EXEMPT;
    if (quietHours === undefined) return { saw: 'no quiet hours', obstacle: null };
    const quiet = quietTime(callee.phone ?? '', phoneRegion, quietHours, now);
    if (quiet === null) return { saw: 'day', obstacle: null };
    const obstacle = `It is ${quiet.time} in ${quiet.timeZone}, where the callee may be: within QUIET_HOURS.`;
    return { saw: `night in ${quiet.timeZone}`, obstacle, retryAfterSeconds: quiet.leftSeconds };
  }),
  rule('callee_rate', 'callee_called_too_often', ({ callee }, { callsPerCallee }) =>
    callee.isServiceLine
      ? EXEMPT
      : rateLook(
          callsPerCallee,
          callee.spent,
          (spent) => `The callee has had ${spent}, as many as CALLS_PER_CALLEE allows.`,
        ),
  ),
  rule('one_call_per_callee', 'callee_in_a_call', ({ callee }, { oneCallPerCallee }) => {
    if (callee.isServiceLine) return EXEMPT;
    if (!oneCallPerCallee) return { saw: 'no limit', obstacle: null };
    return callee.isTaken
      ? { saw: 'in a call', obstacle: 'The callee is in another call, and ONE_CALL_PER_CALLEE is true.' }
      : { saw: 'free', obstacle: null };
  }),
  rule('calls_of_line', 'service_line_busy', ({ callee: { isServiceLine, callsAtOnce, isTaken, hasFreeNumber } }) => {
    if (!isServiceLine) return { saw: 'no service line', obstacle: null };
    if (!hasFreeNumber) {
      const obstacle = 'Each number of the service line is in another call, and ONE_CALL_PER_CALLEE is true.';
      return { saw: 'no free number', obstacle, retryAfterSeconds: LINE_RETRY_SECONDS };
    }
    if (callsAtOnce === null) return { saw: 'no limit', obstacle: null };
    const saw = `at most ${callsAtOnce} at a time`;
    if (!isTaken) return { saw, obstacle: null };
    const obstacle = `The service line is in as many calls as it has at a time: ${callsAtOnce}.`;
    return { saw, obstacle, retryAfterSeconds: LINE_RETRY_SECONDS };
  }),
  rule('budget', 'budget_spent', ({ money }) => {
    if (money === null) return { saw: 'no budget', obstacle: null };
    const { spent, currency, worst } = money;
    const saw = money.budgets.join(', ');
    if (spent === null || worst === null) return { saw, obstacle: null };
    const left = amountShown(spent.left < 0n ? 0n : spent.left);
    const obstacle = `The call may cost ${amountShown(worst)} ${currency}, and ${spent.budget} has ${left} left.`;
    return { saw, obstacle };
  }),
] as const;

export type RuleFault = (typeof RULES)[number]['fault'];
export const RULE_FAULTS: readonly RuleFault[] = [...new Set(RULES.map(({ fault }) => fault))];

/** One rule's part of a verdict. */
export interface Check {
  readonly rule: string;
  /** Numbers are masked. */
  readonly saw: string;
  /** `allowed`, or the reason of the refusal. */
  readonly said: string;
}

export interface RuleRefusal {
  readonly fault: RuleFault;
  readonly isOfCaller: boolean;
  /** A sentence without whole phone numbers. */
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  /** The rate of the settings that is spent. */
  readonly spent: CallRate | undefined;
}

export interface Verdict {
  /** In order, up to the rule that refuses. */
  readonly checks: readonly Check[];
  /** Null if the call may be placed. */
  readonly refusal: RuleRefusal | null;
}

export const decide = (facts: PlacingFacts, settings: PlacingSettings): Verdict => {
  const checks: Check[] = [];
  for (const { name, fault, isOfCaller, look } of RULES) {
    const { saw, obstacle, retryAfterSeconds, spent } = look(facts, settings);
    checks.push({ rule: name, saw, said: obstacle ?? 'allowed' });
    if (obstacle !== null)
      return { checks, refusal: { fault, isOfCaller, reason: obstacle, retryAfterSeconds, spent } };
  }
  return { checks, refusal: null };
};

/** When the next call of a line ends is not known. */
const LINE_RETRY_SECONDS = 10;

const EXEMPT: Look = { saw: 'a service line, which is exempt', obstacle: null };

const freezeLook = (
  { freezes, caller, callee }: PlacingFacts,
  { phoneRegion }: PlacingSettings,
  stops: typeof stopsCaller,
): Look => {
  const call = {
    callerId: caller.id,
    accounts: caller.accounts,
    callerPhone: caller.phone,
    calleePhone: callee.phone,
  };
  const found = freezes.find((freeze) => stops(freeze, call, phoneRegion));
  if (found === undefined) return { saw: 'none', obstacle: null };
  const what = describeFreeze(found);
  return { saw: what, obstacle: `A freeze is in force: ${what}.` };
};

const phoneLook = (phone: string | null, who: string): Look =>
  phone
    ? { saw: maskPhone(phone), obstacle: null }
    : { saw: 'none', obstacle: `${who} has no phone, or is not known.` };

const destination = ({ phone }: PartyFacts, settings: PlacingSettings): Look =>
  lookAtDestination(phone ?? '', settings);

const suppression = ({ isSuppressed }: PartyFacts, whose: string): Look => ({
  saw: isSuppressed ? 'on the list' : 'not on the list',
  obstacle: isSuppressed ? `${whose} number is on the suppression list.` : null,
});

const account = (isThere: boolean, obstacle: string): Look => ({
  saw: isThere ? 'one' : 'none',
  obstacle: isThere ? null : obstacle,
});

const rateLook = (
  rates: readonly CallRate[],
  spent: SpentRate | null,
  obstacleOf: (spent: string) => string,
  what: 'calls' | 'numbers' = 'calls',
): Look => {
  const inWords = ({ calls, seconds }: CallRate): string => `${calls} ${what} within ${seconds} s`;
  const saw = rates.length === 0 ? 'no limit' : `at most ${rates.map(inWords).join(', ')}`;
  if (spent === null) return { saw, obstacle: null };
  return {
    saw,
    obstacle: obstacleOf(inWords(spent.rate)),
    retryAfterSeconds: spent.retryAfterSeconds,
    spent: spent.rate,
  };
};
