/**
 * Structured logs. pino is used as it is, without nestjs-pino: the releases of that package for NestJS 12 need a newer
 * Node than this service does, and what it would add is the small adapter below.
 */
import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { logContext } from './log-context.js';
import { maskPhone } from './phone-number.js';

export type { Logger } from 'pino';

/** Injection token of the process's logger. */
export const LOGGER = Symbol('Logger');

/** Fields that hold phone numbers are masked wherever they are logged; fields that hold secrets never get this far. */
const maskedField = (value: unknown): unknown => (typeof value === 'string' ? maskPhone(value) : value);

/** A stack of twenty lines; beyond it, somebody sent us what is in there. */
const LONGEST_FIELD = 4_000;
const bounded = (value: unknown): unknown =>
  typeof value === 'string' && value.length > LONGEST_FIELD ? `${value.slice(0, LONGEST_FIELD)}…` : value;

/**
 * What is logged of an error. Libraries hang more on theirs: the parameters of a statement, the row that it was about, the
 * request with its credentials.
 */
const ERROR_FIELDS = [
  'code',
  'status',
  'category',
  'severity',
  'schema',
  'table',
  'constraint',
  'syscall',
  'port',
] as const;

const DEEPEST_CAUSE = 4;

/** By its shape: an error of another realm is no instance of ours. */
const errorFields = (error: unknown, depth = 1): unknown => {
  if (typeof error !== 'object' || error === null) return bounded(error);
  const { name, message, stack, cause, errors, ...own } = ownFieldsOf(error);
  const more = ERROR_FIELDS.filter((field) => ['string', 'number'].includes(typeof own[field]));
  return {
    type: bounded(name),
    message: bounded(message),
    ...Object.fromEntries(more.map((field) => [field, bounded(own[field])])),
    // Node has one error for all addresses of a name, without a message of its own.
    ...(Array.isArray(errors) &&
      depth < DEEPEST_CAUSE && { errors: errors.slice(0, 4).map((one) => errorFields(one, DEEPEST_CAUSE)) }),
    stack: bounded(stack),
    ...(cause !== undefined && depth < DEEPEST_CAUSE && { cause: errorFields(cause, depth + 1) }),
  };
};

const ownFieldsOf = (error: object): Record<string, unknown> => {
  const { name, message, stack, cause, errors } = error as Error & { errors?: unknown };
  return { ...error, name, message, stack, cause, errors };
};

const boundedFields = (line: Record<string, unknown>): Record<string, unknown> =>
  Object.values(line).some((value) => bounded(value) !== value)
    ? Object.fromEntries(Object.entries(line).map(([name, value]) => [name, bounded(value)]))
    : line;

const OPTIONS = {
  base: undefined,
  timestamp: pino.stdTimeFunctions.isoTime,
  mixin: logContext,
  mixinMergeStrategy: (line: object, context: object) => ({ ...context, ...line }),
  formatters: { log: boundedFields },
  serializers: {
    error: (error: unknown) => errorFields(error),
    callerPhone: maskedField,
    calleePhone: maskedField,
    phone: maskedField,
  },
};

/** JSON lines, or readable ones where a person is watching. */
export const createLogger = (level: string, stream: NodeJS.WritableStream = process.stdout): Logger => {
  const options = { ...OPTIONS, level };
  if (!('isTTY' in stream && stream.isTTY)) return pino(options, stream);
  const pretty = prettyFactory({ colorize: true, translateTime: 'HH:MM:ss.l', singleLine: true });
  return pino(options, { write: (line: string) => stream.write(pretty(line)) });
};

const text = (message: unknown): string => String(message).slice(0, LONGEST_FIELD);

/** Nest's own messages through the same logger; its start-up chatter is of no use to an operator. */
export const nestLogger = (logger: Logger): LoggerService => ({
  log: (message: unknown, context?: unknown) => logger.debug({ context }, text(message)),
  debug: (message: unknown, context?: unknown) => logger.debug({ context }, text(message)),
  verbose: (message: unknown, context?: unknown) => logger.trace({ context }, text(message)),
  warn: (message: unknown, context?: unknown) => logger.warn({ context }, text(message)),
  error: (message: unknown, stack?: unknown, context?: unknown) => logger.error({ context, stack }, text(message)),
  fatal: (message: unknown, context?: unknown) => logger.fatal({ context }, text(message)),
});
