/** Declares who may call a route. A route without a declaration is closed (AccessGuard). */
import { createParamDecorator, RequestMethod, type ExecutionContext } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/error-table.js';
import { isLong } from '../common/long.js';
import type { Principal } from './access-token.js';
import { withoutScope, withoutUser } from './challenge.js';

export const SCOPES = [
  'admin',
  'admin:read',
  'admin:numbers',
  'admin:calls:write',
  'admin:directory:write',
  'admin:webhooks:write',
  'admin:protection:write',
  'admin:audit:read',
  'calls:read',
  'calls:write',
] as const;
export type Scope = (typeof SCOPES)[number];
export type Access = 'public' | 'user' | Scope;

/** The routes whose requests are counted. */
export const isForUsers = (access: Access | undefined): boolean => access === 'user' || isForBackends(access);

export const isForBackends = (access: Access | undefined): boolean =>
  access === 'calls:read' || access === 'calls:write';

/**
 * The routes that a person may use from the desk, without a token. Their responses have masked phone numbers, unless the caller may
 * see whole ones.
 */
export const isForAdmins = (access: Access | undefined): boolean => access !== undefined && isOfAdmin(access);

export const isOfAdmin = (scope: string): boolean => scope === 'admin' || scope.startsWith('admin:');

declare module 'fastify' {
  interface FastifyRequest {
    user?: Principal;
  }
  interface FastifyContextConfig {
    access?: Access;
  }
}

/**
 * Applies to all routes of a controller. Stored in Fastify's route configuration, which is known before a body is read.
 */
const allow =
  (toRead: Access, toWrite: Access = toRead): ClassDecorator =>
  ({ prototype }) => {
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(prototype as object))) {
      const handler = value as object;
      if (typeof handler !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, handler)) continue;
      const access = Reflect.getMetadata(METHOD_METADATA, handler) === RequestMethod.GET ? toRead : toWrite;
      const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as object | undefined;
      Reflect.defineMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { ...config, access }, handler);
    }
  };

/** Open to all, without a token. */
export const Public = () => allow('public');

/** Any user with a valid token, for the user's own data. */
export const RequiresUser = () => allow('user');

/**
 * A token whose scope contains the given one.
 * @param toWrite of all routes but GETs, if that is another
 */
export const Requires = (toRead: Scope, toWrite?: Scope) => allow(toRead, toWrite);

/** @returns the refusal; null if access is allowed */
export const refusalOf = (access: Access | undefined, user: Principal | undefined): AppError | null => {
  if (access === 'public') return null;
  if (!access) return new AppError('FORBIDDEN');
  if (!user) return new AppError('UNAUTHENTICATED');
  if (access === 'user') return user.apiKey ? withoutUser() : null;
  return hasScope(user, access) ? null : withoutScope(access);
};

/** One who may place calls may read them. `admin` contains all scopes of the admin API, and none of another one. */
const hasScope = ({ scopes }: Principal, scope: Scope): boolean =>
  scopes.has(scope) ||
  (scope.startsWith('admin:') && scopes.has('admin')) ||
  (scope === 'calls:read' && scopes.has('calls:write'));

/** Others get masked numbers from the admin API. */
export const mayReadNumbers = (caller: Principal): boolean => hasScope(caller, 'admin:numbers');

const callerOf = (context: ExecutionContext): Principal => {
  const { user } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!user) throw new Error('Caller, Subject and UserId are for routes that require a caller');
  return user;
};

/** The scope itself: none that contains it is enough. @throws AppError FORBIDDEN */
export const requireScope = ({ scopes }: Principal, scope: Scope): void => {
  if (!scopes.has(scope)) throw withoutScope(scope);
};

/** The caller, from the request's token or API key. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext) => callerOf(context));

/** Whom the calls that the caller places belong to. */
export const Subject = createParamDecorator((_: unknown, context: ExecutionContext) => callerOf(context).subject);

/** An id that no user has, for a token whose external id no user has: every request goes as for an unknown user. */
const NOBODY = '0';

/** The caller's user id. An API key has none. */
export const UserId = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { subject, apiKey } = callerOf(context);
  if (apiKey) throw new AppError('FORBIDDEN', { detail: 'An API key is no user. Use the token of one.' });
  return isLong(subject) ? subject : NOBODY;
});
