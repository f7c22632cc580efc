/**
 * All errors of Ringback. The contract's own outcomes have HTTP status 200 and the code in the body (contract: HTTP
 * status). All others use their HTTP status. The texts of the first group are the contract's, byte for byte.
 */
import type { Quota } from './rate-limit-headers.js';

export interface ErrorRow {
  /** `returnCode` in the contract's envelope, `status` in a problem body. */
  readonly code: number;
  readonly httpStatus: number;
  readonly message: string;
}

const outcome = (code: 400 | 500, message: string): ErrorRow => ({ code, httpStatus: 200, message });
const refusal = (httpStatus: number, message: string): ErrorRow => ({ code: httpStatus, httpStatus, message });

export const ERRORS = {
  /** `{hotline}` is SERVICE_HOTLINE. */
  CALLER_HAS_NO_PHONE: outcome(400, '用户未绑定手机号,请手动拨打{hotline}!'),
  BAD_CALL_PARAMETERS: outcome(400, '呼叫请求的参数有误,请联系管理员!'),
  CALLEE_HAS_NO_PHONE: outcome(400, '客服电话不存在,请联系管理员!'),
  NO_SUB_ACCOUNT: outcome(400, '无通讯子账户,请联系管理员!'),
  NOT_YOUR_CALL: outcome(400, '用户信息有误!'),
  CANCEL_FAILED: outcome(400, '取消呼叫失败!'),
  SYSTEM: outcome(500, '系统内部异常!'),

  BAD_REQUEST: refusal(400, 'The request is malformed.'),
  UNAUTHENTICATED: refusal(401, 'A valid access token is required.'),
  FORBIDDEN: refusal(403, 'The access token does not allow this.'),
  PREFETCH: refusal(403, 'A prefetch, a preview or a tag of a page must not ring a phone.'),
  CALLER_BLOCKED: refusal(403, '呼叫功能已停用,请联系管理员!'),
  CALLEE_UNAVAILABLE: refusal(403, '对方暂不接受来电!'),
  NOT_FOUND: refusal(404, 'There is nothing here.'),
  METHOD_NOT_ALLOWED: refusal(405, 'This method is not allowed here; see the Allow header.'),
  TOO_SLOW: refusal(408, 'The request took too long to arrive.'),
  CONFLICT: refusal(409, 'The request conflicts with existing data.'),
  TOO_LARGE: refusal(413, 'The request is too large.'),
  UNSUPPORTED_MEDIA_TYPE: refusal(415, 'The body must be application/json in UTF-8, or text/csv for an import.'),
  ALREADY_IN_A_CALL: refusal(429, '您有正在进行的通话,请稍后再试!'),
  TOO_MANY_CALLS: refusal(429, '呼叫过于频繁,请稍后再试!'),
  TOO_MANY_WAITING: refusal(429, '呼叫过于频繁,请稍后再试!'),
  TOO_FREQUENT: refusal(429, '呼叫过于频繁,请稍后再试!'),
  TOO_MANY_FAILED_TOKENS: refusal(429, '呼叫过于频繁,请稍后再试!'),
  UNAVAILABLE: refusal(503, 'Not available at the moment; please try again.'),
  NOT_IMPLEMENTED: refusal(501, 'This method is not known here.'),
  INTERNAL: refusal(500, 'Something went wrong on our side.'),

  // Of the routes with problem bodies.
  FAILED_TOKENS_TOO_FREQUENT: refusal(429, 'Too many requests with failed tokens came from this address.'),

  // Of exports.
  TOO_MANY_EXPORTS: refusal(429, 'Too many exports are running; try again later.'),

  // Only of /v1/calls.
  USER_BLOCKED: refusal(403, 'An administrator has blocked this user.'),
  CALLS_FROZEN: refusal(403, 'An administrator or a rule has stopped such calls.'),
  BUDGET_SPENT: refusal(403, 'The call may cost more than a budget has left.'),
  CALLER_IN_A_CALL: refusal(409, 'The caller has another open call.'),
  CALL_TOO_LATE: refusal(409, 'The call could not be dialled before notAfter.'),
  REQUEST_IN_PROGRESS: refusal(409, 'A request with this Idempotency-Key is still in progress.'),
  CANCEL_REFUSED: refusal(409, 'The provider refuses to hang up.'),
  IDEMPOTENCY_KEY_REUSED: refusal(422, 'This Idempotency-Key was used for another request.'),
  UNKNOWN_USER: refusal(422, 'There is no such user.'),
  USER_HAS_NO_PHONE: refusal(422, 'The user has no phone.'),
  UNKNOWN_SERVICE_LINE: refusal(422, 'There is no such service line.'),
  SERVICE_LINE_CLOSED: refusal(422, 'The service line is closed.'),
  UNKNOWN_PROVIDER: refusal(422, 'This service runs no such provider.'),
  SAME_PHONE: refusal(422, 'Caller and callee have the same phone.'),
  NUMBER_NOT_ALLOWED: refusal(422, 'This service does not call this number.'),
  NUMBER_SUPPRESSED: refusal(422, 'The number must not be called.'),
  NO_ROUTE: refusal(422, 'No provider may carry calls to this number.'),
  NO_PROVIDER_ACCOUNT: refusal(422, 'The caller has no account at a provider that may carry the call.'),
  EXTENSION_NOT_DIALLED: refusal(422, 'The extension of a phone cannot be dialled.'),
  NUMBER_REFUSED: refusal(422, 'The provider refuses a number.'),
  CALL_NOT_PERMITTED: refusal(422, 'The provider does not permit this call.'),
  CALLEE_IN_A_CALL: refusal(409, 'The callee is in another call.'),
  CALLEE_IN_QUIET_HOURS: refusal(409, 'It is night where the callee may be.'),
  CALLER_CALLS_TOO_OFTEN: refusal(429, 'The caller has placed too many calls.'),
  CALLER_CALLS_TOO_MANY_NUMBERS: refusal(429, 'The caller has called too many different numbers.'),
  CALLEE_CALLED_TOO_OFTEN: refusal(429, 'The callee has had too many calls.'),
  SERVICE_LINE_BUSY: refusal(429, 'The service line has no more calls at a time.'),
  RATE_LIMITED: refusal(429, 'Too many calls; try again later.'),
  TOO_MANY_REQUESTS: refusal(429, 'The token has too many requests in progress.'),
  REQUESTS_TOO_FREQUENT: refusal(429, 'Too many requests of this kind; try again later.'),
  PROVIDER_UNAVAILABLE: refusal(503, 'The provider cannot be reached or takes no calls.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorName = keyof typeof ERRORS;

/** A fault of a request, for a problem body. */
export interface Fault {
  /** A JSON pointer (RFC 6901) into the body, or the name of a parameter. */
  readonly where: string;
  readonly what: string;
}

interface AppErrorDetails {
  /** What was received and what was expected. For problem bodies, never for the contract's envelope. */
  readonly detail?: string;
  readonly faults?: readonly Fault[];
  /** Of the call that is refused, or is in the way; for problem bodies. */
  readonly callSid?: string | undefined;
  /** Seconds, for Retry-After. */
  readonly retryAfterSeconds?: number;
  /** For RateLimit and RateLimit-Policy. */
  readonly quotas?: readonly Quota[];
  /** WWW-Authenticate (RFC 6750, 3), if it has more than `Bearer`. */
  readonly challenge?: string;
  /** The values of `{name}` placeholders in the row's message. */
  readonly values?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Thrown where the fault is known; ErrorFilter translates it into a reply. */
export class AppError extends Error {
  readonly detail: string | undefined;
  readonly faults: readonly Fault[];
  readonly callSid: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly quotas: readonly Quota[];
  readonly challenge: string | undefined;

  constructor(
    readonly code: ErrorName,
    details: AppErrorDetails = {},
  ) {
    super(filledIn(ERRORS[code].message, details.values), { cause: details.cause });
    this.name = 'AppError';
    this.detail = details.detail;
    this.faults = details.faults ?? [];
    this.callSid = details.callSid;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.quotas = details.quotas ?? [];
    this.challenge = details.challenge ?? (ERRORS[code].httpStatus === 401 ? 'Bearer' : undefined);
  }
}

const filledIn = (message: string, values: Readonly<Record<string, string>> = {}): string =>
  message.replace(/\{(\w+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);

/** Of a list that is stored whole or not at all. */
export const wrongRows = (faults: readonly Fault[]): AppError =>
  new AppError('BAD_REQUEST', { detail: 'Nothing has been changed: every row must be valid.', faults });
