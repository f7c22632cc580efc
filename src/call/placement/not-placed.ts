/** Why a call was not placed. The contract has few replies for the many reasons; POST /v1/calls has one for each. */
import { AppError, type ErrorName } from '../../common/error-table.js';
import { REFUSAL_CATEGORIES } from '../../telephony/telephony-provider.js';

/** A category is the reason of a provider that refused the dial, or of a limit in its name. */
export const PLACING_FAULTS = [
  'caller_has_no_phone',
  'callee_has_no_phone',
  'no_account',
  'no_route',
  'same_phone',
  'caller_not_allowed',
  'callee_not_allowed',
  'caller_calls_too_often',
  'callee_called_too_often',
  'callee_in_a_call',
  'callee_suppressed',
  'caller_suppressed',
  'caller_in_a_call',
  'too_late',
  ...REFUSAL_CATEGORIES,
] as const;

export type PlacingFault = (typeof PLACING_FAULTS)[number];

interface NotPlacedDetails extends NonNullable<ConstructorParameters<typeof AppError>[1]> {
  /** Retry-After for a backend alone. */
  readonly backendRetrySeconds?: number;
}

export class NotPlaced extends AppError {
  readonly backendRetrySeconds: number | undefined;

  /** @param code the contract's name of it */
  constructor(
    readonly fault: PlacingFault,
    code: ErrorName,
    details: NotPlacedDetails = {},
  ) {
    super(code, details);
    this.backendRetrySeconds = details.backendRetrySeconds ?? details.retryAfterSeconds;
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

export const calleeInACall = (): NotPlaced =>
  new NotPlaced('callee_in_a_call', 'CALLEE_UNAVAILABLE', {
    cause: new Error('The callee is in another call, and ONE_CALL_PER_CALLEE is true.'),
  });

export const calleeSuppressed = (): NotPlaced =>
  new NotPlaced('callee_suppressed', 'CALLEE_UNAVAILABLE', {
    cause: new Error('The callee’s number is on the suppression list.'),
  });

/** Only of a caller by phone: a user who asks for a call wants to be rung. */
export const callerSuppressed = (): NotPlaced =>
  new NotPlaced('caller_suppressed', 'BAD_CALL_PARAMETERS', {
    cause: new Error('The caller’s number is on the suppression list.'),
  });
