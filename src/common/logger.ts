/**
 * Structured logs with pino, without nestjs-pino: its releases for NestJS 12 need a newer Node than this service, and
 * it would add only the small adapter below.
 */
import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { logContext } from './log-context.js';
import { bounded, LONGEST_FIELD, loggedError } from './logged-error.js';
import { maskPhone } from './phone-number.js';
import type { RecentLines } from './recent-lines.js';

export type { Logger } from 'pino';

/** Injection token of the process's logger. */
export const LOGGER = Symbol('Logger');

/** Fields with phone numbers are masked in every log line. Fields with secrets are never logged. */
const maskedField = (value: unknown): unknown => (typeof value === 'string' ? maskPhone(value) : value);

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
    error: (error: unknown) => loggedError(error),
    err: (error: unknown) => loggedError(error),
    callerPhone: maskedField,
    calleePhone: maskedField,
    phone: maskedField,
  },
};

/** JSON lines; human-readable lines on a terminal. @param recent gets every line that is about a call */
export const createLogger = (
  level: string,
  stream: NodeJS.WritableStream = process.stdout,
  recent?: RecentLines,
): Logger => {
  const streamWrite = (line: string): string => {
    recent?.note(line);
    return line;
  };
  const options = { ...OPTIONS, level, hooks: { streamWrite } };
  if (!('isTTY' in stream && stream.isTTY)) return pino(options, stream);
  const pretty = prettyFactory({ colorize: true, translateTime: 'HH:MM:ss.l', singleLine: true });
  return pino(options, { write: (line: string) => stream.write(pretty(line)) });
};

const text = (message: unknown): string => String(message).slice(0, LONGEST_FIELD);

/** Writes Nest's own messages to our logger; its start-up messages at debug. */
export const nestLogger = (logger: Logger): LoggerService => ({
  log: (message: unknown, context?: unknown) => logger.debug({ context }, text(message)),
  debug: (message: unknown, context?: unknown) => logger.debug({ context }, text(message)),
  verbose: (message: unknown, context?: unknown) => logger.trace({ context }, text(message)),
  warn: (message: unknown, context?: unknown) => logger.warn({ context }, text(message)),
  error: (message: unknown, stack?: unknown, context?: unknown) => logger.error({ context, stack }, text(message)),
  fatal: (message: unknown, context?: unknown) => logger.fatal({ context }, text(message)),
});
