import { failure } from './contract-envelope.js';
import { ERRORS, type AppError } from './error-table.js';

/** Routes whose clients are ours to choose a format for: RFC 9457. Everywhere else the contract's envelope is spoken. */
const SPEAKS_PROBLEM = /^\/(?:v1\/admin|v1\/webhooks|health)(?:\/|$)/;

interface ErrorBody {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The name of the error beside the contract's envelope, which has none: docs/errors.md. A problem body has it as `code`. */
export const ERROR_NAME_HEADER = 'x-ringback-error';

/** @param requestId null where no route has seen the request, so that no line of the log has one */
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
  requestId: requestId ?? undefined,
});
