import { failure } from './contract-envelope.js';
import { ERRORS, type AppError } from './error-table.js';

/** Routes that use problem bodies (RFC 9457). All others use the contract's envelope. */
const SPEAKS_PROBLEM = /^\/(?:v1\/admin|v1\/calls|v1\/desk|desk|v1\/webhooks|health)(?:\/|$)/;

interface ErrorBody {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * The error's name for the contract's envelope, which has no field for it (docs/errors.md). A problem body has it as
 * `code`.
 */
export const ERROR_NAME_HEADER = 'x-ringback-error';

/** @param requestId null if the request reached no route, so that no log line has its id */
export const errorBody = (error: AppError, route: string, requestId: string | null): ErrorBody =>
  SPEAKS_PROBLEM.test(route)
    ? {
        headers: { 'content-type': 'application/problem+json; charset=utf-8' },
        text: JSON.stringify(problem(error, requestId)),
      }
    : {
        headers: { 'content-type': 'application/json; charset=utf-8', [ERROR_NAME_HEADER]: error.code },
        text: JSON.stringify(failure(ERRORS[error.code].code, error.message)),
      };

const problem = (error: AppError, requestId: string | null) => ({
  type: 'about:blank',
  title: error.message,
  status: ERRORS[error.code].httpStatus,
  code: error.code,
  detail: error.detail,
  errors: error.faults.length > 0 ? error.faults : undefined,
  callSid: error.callSid,
  requestId: requestId ?? undefined,
});
