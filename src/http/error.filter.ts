import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorBody } from '../common/error-body.js';
import { AppError, ERRORS, type ErrorName } from '../common/error-table.js';
import { loggedMessage } from '../common/logged-error.js';
import type { Logger } from '../common/logger.js';
import { rateLimitHeaders } from '../common/rate-limit-headers.js';
import { routeOf } from '../common/request-path.js';

/** While the database is unavailable: most failovers and restarts take a few seconds. */
const AWAY_RETRY_SECONDS = 5;

const IS_CONTRACT = /^\/v1\/app\//;

const BY_STATUS: Readonly<Record<number, ErrorName>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  // From the static file server, for a path outside its folder.
  403: 'NOT_FOUND',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'TOO_SLOW',
  409: 'CONFLICT',
  413: 'TOO_LARGE',
  414: 'TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  503: 'UNAVAILABLE',
};

/** The only place where errors become replies. Domain code throws AppError; only this file maps it to HTTP. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const route = routeOf(request);
    const error = asAppError(thrown, route);
    const row = ERRORS[error.code];
    const line = { requestId: request.id, code: error.code, error: error.cause ?? error };
    if (reply.sent) {
      this.logger.error(line, 'request failed after its response had begun');
      return;
    }
    // A 503 without a cause comes from readiness or draining, which log the reason once. The contract has one reply for
    // all failures. The log distinguishes an unavailable database from a bug on every route.
    const away = error.code === 'UNAVAILABLE' || isDatabaseAway(error.cause);
    if (row.code >= 500 && !away) this.logger.error(line, 'request failed');
    else if (row.code >= 500 && error.cause !== undefined) this.logger.warn(line, 'request refused: not available');
    request.errorCode = error.code;
    const reason = thrown === error && row.code < 500 ? reasonOf(error) : null;
    if (reason !== null) request.errorReason = reason;

    if (error.retryAfterSeconds) void reply.header('retry-after', String(error.retryAfterSeconds));
    void reply.headers(rateLimitHeaders(error.quotas));
    if (error.challenge) void reply.header('www-authenticate', error.challenge);
    void reply.status(row.httpStatus);
    const { headers, text } = errorBody(error, route, request.id);
    void reply.headers(headers).send(text);
  }
}

/** The reason of a refusal, for the operator. Errors of Nest and Fastify are excluded, because they repeat the URL. */
const reasonOf = ({ code, cause, detail }: AppError): string | null => {
  if (cause instanceof Error) return loggedMessage(cause);
  return code === 'UNAUTHENTICATED' ? (detail ?? null) : null;
};

const asAppError = (thrown: unknown, route: string): AppError => {
  if (thrown instanceof AppError) return thrown;
  const status = statusOf(thrown);
  // For example 412 and 416 of static files: a client error is not our failure.
  const known = BY_STATUS[status] ?? (status >= 400 && status < 500 ? 'BAD_REQUEST' : undefined);
  if (known === 'BAD_REQUEST') return new AppError(known, { detail: (thrown as Error).message });
  if (known) return new AppError(known, { cause: thrown });
  if (IS_CONTRACT.test(route)) return new AppError('SYSTEM', { cause: thrown });
  if (!isDatabaseAway(thrown)) return new AppError('INTERNAL', { cause: thrown });
  return new AppError('UNAVAILABLE', { cause: thrown, retryAfterSeconds: AWAY_RETRY_SECONDS });
};

/** Nest's exceptions and Fastify's errors carry their status differently. */
const statusOf = (thrown: unknown): number => {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : 500;
};

/**
 * Node's connection and DNS errors; SQLSTATE class 08 (connection; PgBouncer's own errors are 08P01), 57P (server shutting down), 53 (no resources left),
 * 25006 (read-only), and a statement that was blocked by others: 57014 (canceled), 55P03 (lock), 40001 and 40P01
 * (conflict).
 */
const DATABASE_AWAY =
  /^(?:ECONN(?:ABORTED|REFUSED|RESET)|E(?:HOST|NET)(?:DOWN|UNREACH)|EAI_AGAIN|ENOENT|ENOTFOUND|EPIPE|ETIMEDOUT|08[0-9A-Z]{3}|57P0\d|53\d{3}|25006|57014|55P03|40001|40P01)$/;

/**
 * pg and TypeORM report time-outs and lost connections only by text. With several hosts, each may have a different
 * reason.
 */
const AWAY_BY_TEXT =
  /timeout exceeded when trying to connect|timeout expired|Connection terminated|Query read timeout|is not queryable|query runner was already released|none of the hosts can be used/;

const isDatabaseAway = (thrown: unknown): boolean => {
  const code = (thrown as { code?: unknown } | null)?.code;
  return (
    (typeof code === 'string' && DATABASE_AWAY.test(code)) ||
    (thrown instanceof Error && AWAY_BY_TEXT.test(thrown.message))
  );
};

declare module 'fastify' {
  interface FastifyRequest {
    /** The row of the error table that answered the request, for the log. */
    errorCode?: ErrorName;
    /** The reason, if it says more than the code. */
    errorReason?: string;
  }
}
