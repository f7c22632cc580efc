/** How a route says who may call it. A route that says nothing is open to nobody (AccessGuard). */
import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Principal } from './access-token.js';

export type Access = 'public' | 'user' | 'admin';

export const ACCESS = 'ringback:access';

/** Anybody, without a token. */
export const Public = () => SetMetadata<string, Access>(ACCESS, 'public');

/** Any user with a valid token, for themselves. */
export const RequiresUser = () => SetMetadata<string, Access>(ACCESS, 'user');

/** A token whose scope contains the given one. */
export const Requires = (scope: 'admin') => SetMetadata<string, Access>(ACCESS, scope);

declare module 'fastify' {
  interface FastifyRequest {
    user?: Principal;
  }
}

/** The id of the user whose token came with the request. */
export const UserId = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const user = context.switchToHttp().getRequest<FastifyRequest>().user;
  if (!user) throw new Error('UserId is for routes that require a user');
  return user.userId;
});
