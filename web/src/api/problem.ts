/** The failures of requests: problem bodies (RFC 9457), and what never reached the service. */

export interface Problem {
  /** 0 if no response came. */
  readonly status: number;
  /** As in docs/errors.md; OFFLINE if no response came. */
  readonly code: string;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly where: string; readonly what: string }[];
  /** The id of the request on the log lines of the service. */
  readonly requestId?: string;
  readonly retryAfterSeconds?: number;
  /** That the session lacks. */
  readonly scope?: string;
}

export class ProblemError extends Error {
  constructor(
    readonly problem: Problem,
    options?: ErrorOptions,
  ) {
    super(problem.detail ?? problem.title ?? problem.code, options);
    this.name = 'ProblemError';
  }
}

/** A proxy in front may answer with anything. */
export const problemOf = (body: unknown, { status, headers }: Response): Problem => {
  const retryAfterSeconds = Number(headers.get('retry-after') ?? 0);
  const [, scope] = /\bscope="([^"]+)"/.exec(headers.get('www-authenticate') ?? '') ?? [];
  const problem = isProblem(body) ? body : { code: 'UNKNOWN' };
  return {
    ...problem,
    status,
    ...(retryAfterSeconds > 0 && { retryAfterSeconds }),
    ...(scope !== undefined && { scope }),
  };
};

export const isSignedOut = (error: unknown): boolean => error instanceof ProblemError && error.problem.status === 401;

const isProblem = (body: unknown): body is Omit<Problem, 'status'> =>
  typeof body === 'object' && body !== null && typeof (body as { code?: unknown }).code === 'string';
