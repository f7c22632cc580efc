/**
 * Authenticates and authorizes in the first hook of a route, so that the body of a refused request is neither read nor
 * parsed.
 */
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../common/error-table.js';
import { isForAdmins, refusalOf, type Access } from './access.js';
import { isAttempt, isInQuery, tokenOf, type Principal } from './access-token.js';
import { FailedToken, withBadToken, withKeyInUrl, withoutToken } from './challenge.js';
import { isKeyAttempt, shownPart } from './api-keys/key-text.js';
import { LiveKeys } from './api-keys/live-keys.js';
import { LiveSessions, withoutSession } from './desk-sessions/live-sessions.js';
import { isFromDesk, sessionValueOf } from './desk-sessions/session-cookie.js';
import { FailedTokens } from './failed-tokens.js';
import { JwtStrategy } from './jwt.strategy.js';
import { keyOf, VerifiedTokens } from './verified-tokens.js';

@Injectable()
export class Authentication {
  constructor(
    private readonly strategy: JwtStrategy,
    private readonly tokens: VerifiedTokens,
    private readonly keys: LiveKeys,
    private readonly sessions: LiveSessions,
    private readonly failures: FailedTokens,
  ) {}

  /** Stores the caller in the request. Synchronous if the token was verified recently. */
  authenticate(request: FastifyRequest, access: Access, done: (refusal?: Error) => void): void {
    const settle = (principal: Principal): void => {
      request.user = principal;
      done(refusalOf(access, principal) ?? undefined);
    };
    const token = tokenOf(request);
    if (token === null) {
      const session = isForAdmins(access) && !isAttempt(request) && !isInQuery(request) && isFromDesk(request);
      const value = session ? sessionValueOf(request) : null;
      if (value !== null) this.bySession(value, settle, done);
      else done(this.counted(withoutToken(request), request, access));
      return;
    }
    const isInUrl = isInQuery(request);
    // The token may be in every query and is not a parameter of any route.
    delete (request.query as { access_token?: unknown }).access_token;
    const key = keyOf(token);
    const known = this.tokens.get(key);
    if (known) {
      settle(known);
      return;
    }
    const refuse = (refusal: Error): void => {
      done(this.counted(refusal, request, access));
    };
    if (isKeyAttempt(token)) this.byApiKey(token, isInUrl, settle, refuse);
    else this.verified(token, key).then(settle, refuse);
  }

  /**
   * The caller of a token that the desk exchanges for a session.
   * @throws AppError for an API key as for any text that is no token
   */
  principalOfToken(token: string, request: FastifyRequest): Promise<Principal> {
    return this.counting(request, () => principalBy(this.strategy, token));
  }

  /** Counts a failed token of a body as those of the header. */
  async counting<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.counted(error as Error, request, 'admin');
    }
  }

  private bySession(value: string, settle: (principal: Principal) => void, refuse: (refusal: Error) => void): void {
    const known = this.sessions.find(value);
    if (known) {
      settle(known);
      return;
    }
    this.sessions.findAfterNextRead(value).then((session) => {
      if (session) settle(session);
      else refuse(withoutSession());
    }, refuse);
  }

  /** A token that fails counts for its address, which may have sent too many. */
  private counted(refusal: Error, { ip }: FastifyRequest, access: Access): Error {
    if (!(refusal instanceof FailedToken)) return refusal;
    return this.failures.count(ip, refusal, access === 'user') ?? refusal;
  }

  private byApiKey(
    text: string,
    isInUrl: boolean,
    settle: (principal: Principal) => void,
    refuse: (refusal: Error) => void,
  ): void {
    try {
      if (isInUrl) throw withKeyInUrl(shownPart(text));
      settle(this.keys.principalOf(text));
    } catch (error) {
      refuse(error as Error);
    }
  }

  private async verified(token: string, key: string): Promise<Principal> {
    const principal = await principalBy(this.strategy, token);
    this.tokens.remember(key, principal);
    return principal;
  }
}

/** Runs the strategy as passport does, but without passport's global registry of strategies. */
const principalBy = (strategy: JwtStrategy, token: string): Promise<Principal> =>
  new Promise((resolve, reject) => {
    const fail = (reason: Error): void => {
      reject(reason instanceof AppError ? reason : withBadToken(reason));
    };
    const attempt = Object.assign(Object.create(strategy) as JwtStrategy, { success: resolve, fail, error: reject });
    attempt.authenticate({ token } as unknown as Parameters<JwtStrategy['authenticate']>[0]);
  });

/** Call it before the routes are registered. */
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
