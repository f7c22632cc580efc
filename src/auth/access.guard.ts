import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { refusalOf } from './access.js';

/**
 * Runs before every handler and denies what the route does not allow. The caller was authenticated before the body was
 * read (authentication.ts). If that hook is missing on a route, there is no user, and the request is refused here.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { routeOptions, user } = context.switchToHttp().getRequest<FastifyRequest>();
    const refusal = refusalOf(routeOptions.config.access, user);
    if (refusal) throw refusal;
    return true;
  }
}
