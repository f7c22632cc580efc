/**
 * Tokens that were found good a moment ago. A client asks every second with the same token, and the check of a signature is
 * dearer than all else that a state poll needs. What is believed here is what the check itself would say: a token's
 * principal until it expires, and under keys that can be withdrawn no longer than BELIEVED_MS.
 */
import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { CONFIG, type Config } from '../config/config.js';
import type { Principal } from './access-token.js';

/** Together with the keys' own lifetime: a withdrawn key is believed for a minute at most. */
export const BELIEVED_MS = 30_000;

/** Clients of one replica, and then some; about 300 bytes each, however long the token. */
const MOST_TOKENS = 100_000;

interface Verified {
  readonly principal: Principal;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

@Injectable()
export class VerifiedTokens {
  /** By keyOf: a token is as good as its user, and memory is written to swap and to dumps. */
  private readonly tokens = new LRUCache<string, Verified>({ max: MOST_TOKENS });
  private readonly believedMs: number;

  constructor(@Inject(CONFIG) { jwtJwksUri }: Pick<Config, 'jwtJwksUri'>) {
    // The secret cannot change but with the process.
    this.believedMs = jwtJwksUri ? BELIEVED_MS : Infinity;
  }

  /** @param key from keyOf */
  remember(key: string, principal: Principal): void {
    const until = Math.min(principal.expiresAt, Date.now() + this.believedMs);
    this.tokens.set(key, { principal, until });
  }

  /**
   * @param key from keyOf
   * @returns undefined where the token has to be checked
   */
  get(key: string): Principal | undefined {
    const known = this.tokens.get(key);
    return known && Date.now() < known.until ? known.principal : undefined;
  }
}

/** A request makes it once. */
export const keyOf = (token: string): string => hash('sha256', token, 'base64');
