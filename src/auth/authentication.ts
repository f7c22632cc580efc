/**
 * Who is calling, and whether they may, settled in the first hook of a route: a request that is refused costs neither the
 * reading nor the parsing of its body.
 */
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../common/error-table.js';
import { refusalOf, type Access } from './access.js';
import { tokenOf, type Principal } from './access-token.js';
import { withBadToken, withoutToken } from './challenge.js';
import { JwtStrategy } from './jwt.strategy.js';
import { keyOf, VerifiedTokens } from './verified-tokens.js';

@Injectable()
export class Authentication {
  constructor(
    private readonly strategy: JwtStrategy,
    private readonly tokens: VerifiedTokens,
  ) {}

  /** Leaves the caller at the request. In the same turn where the token was verified a moment ago. */
  authenticate(request: FastifyRequest, access: Access, done: (refusal?: Error) => void): void {
    const token = tokenOf(request);
    if (token === null) {
      done(withoutToken(request));
      return;
    }
    const settle = (principal: Principal): void => {
      request.user = principal;
      done(refusalOf(access, principal) ?? undefined);
    };
    // It may come with every request, and is no parameter of any.
    delete (request.query as { access_token?: unknown }).access_token;
    const key = keyOf(token);
    const known = this.tokens.get(key);
    if (known) settle(known);
    else this.verified(token, key).then(settle, done);
  }

  private async verified(token: string, key: string): Promise<Principal> {
    const principal = await principalBy(this.strategy, token);
    this.tokens.remember(key, principal);
    return principal;
  }
}

/** As passport runs a strategy, without its table of names, which is one for the whole process. */
const principalBy = (strategy: JwtStrategy, token: string): Promise<Principal> =>
  new Promise((resolve, reject) => {
    // Passport names no reason where the signature is right and the claims are not.
    const fail = (reason: Error | null = null): void => {
      reject(reason instanceof AppError ? reason : withBadToken(reason));
    };
    const attempt = Object.assign(Object.create(strategy) as JwtStrategy, { success: resolve, fail, error: reject });
    attempt.authenticate({ token } as unknown as Parameters<JwtStrategy['authenticate']>[0]);
  });

/** Before the routes are made. */
export const authenticateRequests = (server: FastifyInstance, authentication: Authentication): void => {
  server.addHook('onRoute', (route) => {
    const access = route.config?.access;
    if (!access || access === 'public') return;
    const hook = (request: FastifyRequest, _reply: unknown, done: (refusal?: Error) => void): void => {
      authentication.authenticate(request, access, done);
    };
    route.onRequest = [hook, route.onRequest ?? []].flat();
  });
};
