import { maskPhonesIn } from './phone-number.js';

/**
 * The loggable part of an error. Errors of libraries contain their input: TypeORM's the parameters of the statement,
 * PostgreSQL's the whole failing row (`detail`) and the function (`where`). These are names, phone numbers and secrets.
 * So only the fields below are logged. A message may repeat what a provider has answered, with the dialled number.
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

/** JSON.parse repeats its input: `Unexpected token 's', "secret" is not valid JSON`. */
const REPEATED_JSON = /(?:\.\.\.)?"[^]*(?= is not valid JSON)/;

/** Longer than any cause chain of ours; an error may also be its own cause. */
const MAX_CAUSES = 5;

/** In characters: a stack of twenty lines is shorter. Longer text comes from outside. */
export const LONGEST_FIELD = 4_000;

export const bounded = (value: unknown): unknown =>
  typeof value === 'string' && value.length > LONGEST_FIELD ? `${value.slice(0, LONGEST_FIELD)}…` : value;

/**
 * An error is detected by its shape, because an error of another realm is not an instance of our Error.
 * @returns a primitive unchanged; for an object that is not an error, only its type
 */
export const loggedError = (error: unknown, causesLeft = MAX_CAUSES): unknown => {
  if (typeof error !== 'object' || error === null) return bounded(error);
  if (!isError(error)) return { type: 'object' };
  const kept = LOGGED_FIELDS.filter((name) => ['string', 'number'].includes(typeof error[name]));
  const message = loggedMessage(error);
  return {
    type: error.constructor.name,
    message: bounded(message),
    stack: bounded(maskPhonesIn((error.stack ?? '').replace(error.message, () => message))),
    ...Object.fromEntries(kept.map((name) => [name, bounded(error[name])])),
    ...(error.cause !== undefined && causesLeft > 0 && { cause: loggedError(error.cause, causesLeft - 1) }),
    // Node reports one error without a message for all addresses of a name.
    ...(Array.isArray(error.errors) &&
      causesLeft > 0 && { errors: error.errors.slice(0, MAX_CAUSES).map((one) => loggedError(one, causesLeft - 1)) }),
  };
};

type ErrorWithFields = Error & Readonly<Record<string, unknown>>;

const isError = (value: object): value is ErrorWithFields => 'message' in value && typeof value.message === 'string';

/** The message, without values that the database received and without phone numbers. */
export const loggedMessage = (error: Error): string => {
  const { code } = error as Error & { readonly code?: unknown };
  if (typeof code === 'string' && REPEATS_A_VALUE.test(code)) return `data exception (SQLSTATE ${code})`;
  return maskPhonesIn(error.message.replace(REPEATED_JSON, 'a text'));
};
