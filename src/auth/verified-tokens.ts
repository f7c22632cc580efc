/**
 * Caches recently verified tokens. A client polls every second with the same token, and verifying a signature costs
 * more than the rest of a state poll. A cached result equals that of the verification: the token's principal until it
 * expires. With keys that can be revoked, it is cached for at most BELIEVED_MS.
 */
import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { CONFIG, type Config } from '../config/config.js';
import type { Principal } from './access-token.js';
import { growingTo } from '../common/growing-cache.js';

/** With the maximum age of the keys, a revoked key is accepted for at most one minute. */
export const BELIEVED_MS = 30_000;

/** More than the clients of one replica; about 300 bytes each, however long the token. */
const MAX_TOKENS = 100_000;

interface Verified {
  readonly principal: Principal;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

@Injectable()
export class VerifiedTokens {
  /** By keyOf: a token gives access to its user's calls, and memory may be written to swap and to dumps. */
  private readonly tokens = new LRUCache<string, Verified>(growingTo(MAX_TOKENS));
  private readonly believedMs: number;

  constructor(@Inject(CONFIG) { jwtJwksUri }: Pick<Config, 'jwtJwksUri'>) {
    // The secret can change only with a restart.
    this.believedMs = jwtJwksUri ? BELIEVED_MS : Infinity;
  }

  /** @param key from keyOf */
  remember(key: string, principal: Principal): void {
    const until = Math.min(principal.expiresAt, Date.now() + this.believedMs);
    this.tokens.set(key, { principal, until });
  }

  /**
   * @param key from keyOf
   * @returns undefined if the token must be verified
   */
  get(key: string): Principal | undefined {
    const known = this.tokens.get(key);
    return known && Date.now() < known.until ? known.principal : undefined;
  }
}

/** Computed once per request. */
export const keyOf = (token: string): string => hash('sha256', token, 'base64');
