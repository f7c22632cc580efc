/** Why a call was not placed. The contract has few replies for the many reasons; POST /v1/calls has one for each. */
import { AppError, type ErrorName } from '../../common/error-table.js';
import type { Quota } from '../../common/rate-limit-headers.js';
import { RULE_FAULTS, type Check, type RuleFault, type RuleRefusal } from '../../protection/placing-rules.js';
import { REFUSAL_CATEGORIES } from '../../telephony/telephony-provider.js';

/** A category is the reason of a provider that refused the dial, or of a limit in its name. */
export const PLACING_FAULTS = [...RULE_FAULTS, 'caller_in_a_call', 'too_late', ...REFUSAL_CATEGORIES] as const;

export type PlacingFault = (typeof PLACING_FAULTS)[number];

interface NotPlacedDetails extends NonNullable<ConstructorParameters<typeof AppError>[1]> {
  /** Retry-After for a backend alone. */
  readonly backendRetrySeconds?: number | undefined;
  /** Of the rules, if one of them refused. */
  readonly checks?: readonly Check[];
}

export class NotPlaced extends AppError {
  readonly backendRetrySeconds: number | undefined;
  readonly checks: readonly Check[] | undefined;

  /** @param code the contract's name of it */
  constructor(
    readonly fault: PlacingFault,
    code: ErrorName,
    details: NotPlacedDetails = {},
  ) {
    super(code, details);
    this.backendRetrySeconds = details.backendRetrySeconds ?? details.retryAfterSeconds;
    this.checks = details.checks;
  }

  /** For operators and backends, where there is more to say than the fault. */
  get reason(): string | null {
    return this.cause instanceof Error ? this.cause.message : null;
  }
}

/** The caller has another open call, and a backend asks for a new one. */
export class CallerInACall extends NotPlaced {
  constructor(
    readonly runningCallSid: string,
    /** The subject of the token that placed it; null where an app's client did. */
    readonly placedBy: string | null,
  ) {
    super('caller_in_a_call', 'ALREADY_IN_A_CALL');
  }
}

const CONTRACT_NAMES: Readonly<Record<RuleFault, ErrorName>> = {
  frozen: 'CALLER_BLOCKED',
  caller_has_no_phone: 'CALLER_HAS_NO_PHONE',
  caller_has_extension: 'BAD_CALL_PARAMETERS',
  caller_not_allowed: 'BAD_CALL_PARAMETERS',
  caller_suppressed: 'BAD_CALL_PARAMETERS',
  no_account: 'NO_SUB_ACCOUNT',
  callee_has_no_phone: 'CALLEE_HAS_NO_PHONE',
  callee_not_allowed: 'BAD_CALL_PARAMETERS',
  callee_suppressed: 'CALLEE_UNAVAILABLE',
  no_route: 'BAD_CALL_PARAMETERS',
  extension_not_dialled: 'BAD_CALL_PARAMETERS',
  same_phone: 'BAD_CALL_PARAMETERS',
  callee_in_quiet_hours: 'CALLEE_UNAVAILABLE',
  caller_calls_too_often: 'TOO_MANY_CALLS',
  caller_calls_too_many_numbers: 'TOO_MANY_CALLS',
  callee_called_too_often: 'CALLEE_UNAVAILABLE',
  callee_in_a_call: 'CALLEE_UNAVAILABLE',
  service_line_busy: 'TOO_MANY_CALLS',
  no_price: 'BAD_CALL_PARAMETERS',
  budget_spent: 'CALLER_BLOCKED',
};

interface RefusalTerms {
  readonly checks: readonly Check[];
  /** What the caller has left. */
  readonly quotas: readonly Quota[];
  /** SERVICE_HOTLINE */
  readonly hotline: string;
}

export const refusedByRule = (
  { fault, reason, retryAfterSeconds }: RuleRefusal,
  { checks, quotas, hotline }: RefusalTerms,
): NotPlaced => {
  const code = CONTRACT_NAMES[fault];
  // Of a person who is called, only a backend learns the time. It would tell an app how often others call, or where the callee is.
  const time = code === 'TOO_MANY_CALLS' ? { retryAfterSeconds } : { backendRetrySeconds: retryAfterSeconds };
  return new NotPlaced(fault, code, { cause: new Error(reason), values: { hotline }, checks, quotas, ...time });
};
