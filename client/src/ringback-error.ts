/** What every request of this package throws when it fails. */
import type { paths } from './schema.js';

type AppPath = Extract<keyof paths, `/v1/app/${string}`>;
type Reply<Path extends AppPath> = paths[Path]['get']['responses'];
type NameIn<Answer> = Answer extends { headers: { 'X-Ringback-Error'?: infer Name } } ? Extract<Name, string> : never;

/** The failures of `/v1/app`, by the names of docs/errors.md. */
export type AppErrorCode = {
  [Path in AppPath]: { [Status in keyof Reply<Path>]: NameIn<Reply<Path>[Status]> }[keyof Reply<Path>];
}[AppPath];

/**
 * `NO_ANSWER`: the request failed on its way, and may have been carried out. `UNKNOWN`: the answer has no name; it may be
 * a proxy's. The others are those of docs/errors.md; a newer Ringback may have more.
 */
export type ErrorCode = AppErrorCode | 'NO_ANSWER' | 'UNKNOWN' | (string & {});

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly httpStatus?: number | undefined;
  readonly returnCode?: number | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly requestId?: string | undefined;
  readonly problem?: Problem | undefined;
  readonly cause?: unknown;
}

/** The body of a refusal by `/v1/calls` (RFC 9457). */
export interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly callSid?: string;
  readonly errors?: readonly { readonly where: string; readonly what: string }[];
}

export class RingbackError extends Error {
  override readonly name = 'RingbackError';
  /** Branch on it. */
  readonly code: ErrorCode;
  /** Undefined if there was no answer. */
  readonly httpStatus: number | undefined;
  /** As in the body of `/v1/app`, whose message is for people. */
  readonly returnCode: number | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** For a search in the log of Ringback. */
  readonly requestId: string | undefined;
  /** Only of `/v1/calls`. */
  readonly problem: Problem | undefined;

  constructor({ code, message, httpStatus, returnCode, retryAfterSeconds, requestId, problem, cause }: Refusal) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.httpStatus = httpStatus;
    this.returnCode = returnCode;
    this.retryAfterSeconds = retryAfterSeconds;
    this.requestId = requestId;
    this.problem = problem;
  }
}
