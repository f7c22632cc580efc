import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { DECORATORS } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Author as AuditAuthor } from '../audit/audit-entry.entity.js';
import { plainAddress } from '../common/address-ranges.js';

/** Who sends the request, for the audit. The action is the operationId, so it is the same word as in openapi.json. */
export const Author = createParamDecorator((_: unknown, context: ExecutionContext): AuditAuthor => {
  const { user, id, ip, method, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
  const operation = Reflect.getMetadata(DECORATORS.API_OPERATION, context.getHandler()) as { operationId?: string };
  if (!user || !operation.operationId) throw new Error('Author is for routes that require a caller and are documented');
  return {
    subject: user.subject,
    tokenId: user.tokenId ?? null,
    apiKeyId: user.apiKey?.id ?? null,
    action: operation.operationId,
    route: `${method} ${(routeOptions.url ?? '').replace(/:(\w+)/g, '{$1}')}`,
    address: addressOf(ip),
    requestId: id,
  };
});

/** A closed socket has no address. The client has left, and its request is carried out all the same. */
const addressOf = (ip: string | undefined): string => (ip === undefined ? 'unknown' : plainAddress(ip));
