/**
 * What of an error is logged. Errors of libraries carry what they were given: TypeORM's the parameters of the statement,
 * PostgreSQL's the whole row that failed (`detail`) and the function in which it did (`where`). Those are names, phone
 * numbers and secrets of people. So only the fields below are logged, never all that an error has.
 */
const LOGGED_FIELDS = [
  'code',
  'status',
  'severity',
  'schema',
  'table',
  'column',
  'constraint',
  'routine',
  'errno',
  'syscall',
  'address',
  'port',
] as const;

/** SQLSTATE class 22, data exception: the message repeats the value. Other classes name tables and constraints. */
const REPEATS_A_VALUE = /^22[0-9A-Z]{3}$/;

/** More than any chain of ours; an error may also be its own cause. */
const MOST_CAUSES = 5;

interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
  readonly [field: string]: unknown;
}

/** @returns anything that is no error as it is, unless it is an object, of which only the type is told */
export const loggedError = (error: unknown, causesLeft = MOST_CAUSES): unknown => {
  if (!(error instanceof Error)) return typeof error === 'object' && error !== null ? { type: 'object' } : error;
  const fields = error as Error & Readonly<Record<string, unknown>>;
  const kept = LOGGED_FIELDS.filter((name) => ['string', 'number'].includes(typeof fields[name]));
  const message = loggedMessage(error);
  const logged: LoggedError = {
    type: error.constructor.name,
    message,
    stack: (error.stack ?? '').replace(error.message, () => message),
    ...Object.fromEntries(kept.map((name) => [name, fields[name]])),
    ...(error.cause !== undefined && causesLeft > 0 && { cause: loggedError(error.cause, causesLeft - 1) }),
    ...(error instanceof AggregateError &&
      causesLeft > 0 && { errors: error.errors.slice(0, MOST_CAUSES).map((one) => loggedError(one, causesLeft - 1)) }),
  };
  return logged;
};

/** For people, without a value that the database was given. */
export const loggedMessage = (error: Error): string => {
  const { code } = error as Error & { readonly code?: unknown };
  return typeof code === 'string' && REPEATS_A_VALUE.test(code) ? `data exception (SQLSTATE ${code})` : error.message;
};
