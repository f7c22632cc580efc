import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/error-table.js';
import { ACCESS, type Access } from './access.js';
import { tokenOf, type Principal } from './access-token.js';
import { VerifiedTokens } from './verified-tokens.js';

/** Stands before every route, and denies what no route has allowed. */
@Injectable()
export class AccessGuard extends AuthGuard('jwt') {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: VerifiedTokens,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!access) throw new AppError('FORBIDDEN');
    if (access === 'public') return true;
    const principal = await this.principalOf(context);
    if (access === 'admin' && !principal.scopes.has('admin')) throw new AppError('FORBIDDEN');
    return true;
  }

  override handleRequest<T = Principal>(error: unknown, principal: Principal | false | null, info: unknown): T {
    if (error) throw error as Error;
    // Keys that cannot be fetched are our trouble and not the caller's: the token may be good.
    if (isEndpointUnavailable(info)) throw new AppError('UNAVAILABLE', { cause: info });
    if (!principal) throw new AppError('UNAUTHENTICATED');
    return principal as T;
  }

  /** Who is calling; also left at the request, for its handler. */
  private async principalOf(context: ExecutionContext): Promise<Principal> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = tokenOf(request);
    const known = token === null ? undefined : this.tokens.recall(token);
    if (known) return (request.user = known);
    await super.canActivate(context);
    const principal = request.user;
    if (token === null || !principal) throw new AppError('UNAUTHENTICATED');
    this.tokens.remember(token, principal);
    return principal;
  }
}

/** jwks-rsa's own flag. */
const isEndpointUnavailable = (info: unknown): boolean =>
  (info as { isEndpointUnavailable?: boolean } | undefined)?.isEndpointUnavailable === true;
