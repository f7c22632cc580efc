import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AppError } from '../common/error-table.js';
import { ACCESS, type Access } from './access.js';
import type { Principal } from './access-token.js';

/** Stands before every route, and denies what no route has allowed. */
@Injectable()
export class AccessGuard extends AuthGuard('jwt') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.accessTo(context);
    if (!access) throw new AppError('FORBIDDEN');
    return access === 'public' || Boolean(await super.canActivate(context));
  }

  override handleRequest<T = Principal>(
    error: unknown,
    principal: Principal | false | null,
    info: unknown,
    context: ExecutionContext,
  ): T {
    if (error) throw error as Error;
    // Keys that cannot be fetched are our trouble and not the caller's: the token may be good.
    if (isEndpointUnavailable(info)) throw new AppError('UNAVAILABLE', { cause: info });
    if (!principal) throw new AppError('UNAUTHENTICATED');
    if (this.accessTo(context) === 'admin' && !principal.scopes.has('admin')) throw new AppError('FORBIDDEN');
    return principal as T;
  }

  private accessTo(context: ExecutionContext): Access | undefined {
    return this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [context.getHandler(), context.getClass()]);
  }
}

/** jwks-rsa's own flag. */
const isEndpointUnavailable = (info: unknown): boolean =>
  (info as { isEndpointUnavailable?: boolean } | undefined)?.isEndpointUnavailable === true;
