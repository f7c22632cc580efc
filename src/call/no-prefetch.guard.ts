import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/error-table.js';

/** A browser or proxy that fetches ahead, in case somebody might want it, must not ring a phone. */
@Injectable()
export class NoPrefetchGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    const purposes = [headers['sec-purpose'], headers.purpose, headers['x-purpose'], headers['x-moz']].flat();
    if (purposes.some((purpose) => /prefetch|prerender|preview/i.test(purpose ?? ''))) throw new AppError('PREFETCH');
    return true;
  }
}
