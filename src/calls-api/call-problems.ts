/** What a backend is told where a call is not placed or not canceled: one problem for each reason. */
import { AppError, type ErrorName } from '../common/error-table.js';
import { CallerInACall, type NotPlaced, type PlacingFault } from '../call/placement/not-placed.js';

const PROBLEMS: Readonly<Record<PlacingFault, ErrorName>> = {
  frozen: 'CALLS_FROZEN',
  caller_has_no_phone: 'USER_HAS_NO_PHONE',
  callee_has_no_phone: 'USER_HAS_NO_PHONE',
  no_account: 'NO_PROVIDER_ACCOUNT',
  no_route: 'NO_ROUTE',
  caller_has_extension: 'EXTENSION_NOT_DIALLED',
  extension_not_dialled: 'EXTENSION_NOT_DIALLED',
  same_phone: 'SAME_PHONE',
  caller_not_allowed: 'NUMBER_NOT_ALLOWED',
  callee_not_allowed: 'NUMBER_NOT_ALLOWED',
  callee_in_quiet_hours: 'CALLEE_IN_QUIET_HOURS',
  caller_calls_too_often: 'CALLER_CALLS_TOO_OFTEN',
  caller_calls_too_many_numbers: 'CALLER_CALLS_TOO_MANY_NUMBERS',
  callee_called_too_often: 'CALLEE_CALLED_TOO_OFTEN',
  callee_in_a_call: 'CALLEE_IN_A_CALL',
  service_line_busy: 'SERVICE_LINE_BUSY',
  no_price: 'NUMBER_NOT_ALLOWED',
  budget_spent: 'BUDGET_SPENT',
  callee_suppressed: 'NUMBER_SUPPRESSED',
  caller_suppressed: 'NUMBER_SUPPRESSED',
  caller_in_a_call: 'CALLER_IN_A_CALL',
  too_late: 'CALL_TOO_LATE',
  bad_number: 'NUMBER_REFUSED',
  bad_account: 'NO_PROVIDER_ACCOUNT',
  not_permitted: 'CALL_NOT_PERMITTED',
  too_frequent: 'RATE_LIMITED',
  rate_limited: 'RATE_LIMITED',
  no_funds: 'PROVIDER_UNAVAILABLE',
  forbidden: 'PROVIDER_UNAVAILABLE',
  provider_down: 'PROVIDER_UNAVAILABLE',
};

/** Where the fault is in the body. */
const WHERE: Partial<Record<PlacingFault, string>> = {
  caller_has_no_phone: '/caller/userId',
  callee_has_no_phone: '/callee/userId',
  caller_has_extension: '/caller',
  extension_not_dialled: '/callee',
  caller_not_allowed: '/caller',
  callee_not_allowed: '/callee',
  no_price: '/callee',
  callee_in_quiet_hours: '/callee',
  caller_suppressed: '/caller',
  callee_suppressed: '/callee',
};

/** Seconds; where no reason names another time. */
const RETRY_SECONDS: Partial<Record<ErrorName, number>> = {
  CALLER_IN_A_CALL: 10,
  CALLEE_IN_A_CALL: 10,
  RATE_LIMITED: 5,
  PROVIDER_UNAVAILABLE: 10,
};

/** @param subject of the token, which learns the callSid of no other's call */
export const placingProblem = (error: NotPlaced, subject: string): AppError => {
  const code = PROBLEMS[error.fault];
  const where = WHERE[error.fault];
  const retryAfterSeconds = error.backendRetrySeconds ?? RETRY_SECONDS[code];
  return new AppError(code, {
    ...(error.cause !== undefined && { cause: error.cause }),
    ...(where !== undefined && { faults: [{ where, what: error.reason ?? 'has no phone' }] }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    quotas: error.quotas,
    callSid: callSidIn(error, subject),
  });
};

const callSidIn = (error: NotPlaced, subject: string): string | undefined => {
  if (!(error instanceof CallerInACall)) return error.callSid;
  return error.placedBy === subject ? error.runningCallSid : undefined;
};

export const bodyProblem = (code: ErrorName, where: string, what: string): AppError =>
  new AppError(code, { faults: [{ where, what }] });

/** Seconds after which the outcome of a request that is in progress is likely to be known. */
const IN_PROGRESS_RETRY_SECONDS = 1;

export const requestInProgress = (): AppError =>
  new AppError('REQUEST_IN_PROGRESS', { retryAfterSeconds: IN_PROGRESS_RETRY_SECONDS });
