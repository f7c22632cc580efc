import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { refusalOf } from './access.js';

/**
 * Stands before every handler, and denies what no route has allowed. Who is calling was found out before the body was read
 * (authentication.ts); a route that was missed there has no user here.
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
