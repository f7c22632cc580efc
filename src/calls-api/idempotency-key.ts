/** Idempotency-Key: draft-ietf-httpapi-idempotency-key-header. */
import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/error-table.js';

export const MAX_KEY_LENGTH = 255;
const HEADER = 'Idempotency-Key';

/** The draft has a string in quotes (RFC 9651, 3.3.3); most clients send the bare text. Both are the same key. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;
const PRINTABLE = /^[\x20-\x7e]+$/;

/** @throws AppError BAD_REQUEST @returns null where there is none */
export const readIdempotencyKey = (values: readonly string[] = []): string | null => {
  const [value, ...more] = values;
  if (value === undefined) return null;
  if (more.length > 0) throw badKey('must come once');
  const [, quoted] = QUOTED.exec(value.trim()) ?? [];
  const key = quoted?.replace(/\\(.)/g, '$1') ?? value.trim();
  if (key.length > MAX_KEY_LENGTH)
    throw badKey(`must have ${MAX_KEY_LENGTH} characters at most; these are ${key.length}`);
  if (!PRINTABLE.test(key)) throw badKey('must not be empty, and have printable ASCII characters alone');
  return key;
};

const badKey = (what: string): AppError => new AppError('BAD_REQUEST', { faults: [{ where: HEADER, what }] });

export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext) =>
  readIdempotencyKey(context.switchToHttp().getRequest<FastifyRequest>().raw.headersDistinct['idempotency-key']),
);

/** The same for bodies that say the same, whatever the order of their fields. */
export const hashOfBody = (body: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(body, (_key, value: unknown) => sorted(value)))
    .digest('base64');

const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value;
