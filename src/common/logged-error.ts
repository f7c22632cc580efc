/**
 * What of an error is logged. Errors of libraries carry what they were given: TypeORM's the parameters of the statement,
 * PostgreSQL's the whole row that failed (`detail`) and the function in which it did (`where`). Those are names, phone
 * numbers and secrets of people. So only the fields below are logged, never all that an error has.
 */
const LOGGED_FIELDS = [
  'code',
  'status',
  'category',
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

/** JSON.parse repeats what it was given: `Unexpected token 's', "secret" is not valid JSON`. */
const REPEATED_JSON = /(?:\.\.\.)?"[^]*(?= is not valid JSON)/;

/** More than any chain of ours; an error may also be its own cause. */
const MOST_CAUSES = 5;

/** Characters: a stack of twenty lines has fewer. Longer text came from outside. */
export const LONGEST_FIELD = 4_000;

export const bounded = (value: unknown): unknown =>
  typeof value === 'string' && value.length > LONGEST_FIELD ? `${value.slice(0, LONGEST_FIELD)}…` : value;

/**
 * An error is known by its shape, because one of another realm is no instance of our Error.
 * @returns a primitive as it is; of an object that is no error only its type
 */
export const loggedError = (error: unknown, causesLeft = MOST_CAUSES): unknown => {
  if (typeof error !== 'object' || error === null) return bounded(error);
  if (!isError(error)) return { type: 'object' };
  const kept = LOGGED_FIELDS.filter((name) => ['string', 'number'].includes(typeof error[name]));
  const message = loggedMessage(error);
  return {
    type: error.constructor.name,
    message: bounded(message),
    stack: bounded((error.stack ?? '').replace(error.message, () => message)),
    ...Object.fromEntries(kept.map((name) => [name, bounded(error[name])])),
    ...(error.cause !== undefined && causesLeft > 0 && { cause: loggedError(error.cause, causesLeft - 1) }),
    // Node has one error for all addresses of a name, without a message of its own.
    ...(Array.isArray(error.errors) &&
      causesLeft > 0 && { errors: error.errors.slice(0, MOST_CAUSES).map((one) => loggedError(one, causesLeft - 1)) }),
  };
};

type ErrorWithFields = Error & Readonly<Record<string, unknown>>;

const isError = (value: object): value is ErrorWithFields => 'message' in value && typeof value.message === 'string';

/** For people, without a value that the database was given. */
export const loggedMessage = (error: Error): string => {
  const { code } = error as Error & { readonly code?: unknown };
  if (typeof code === 'string' && REPEATS_A_VALUE.test(code)) return `data exception (SQLSTATE ${code})`;
  return error.message.replace(REPEATED_JSON, 'a text');
};
