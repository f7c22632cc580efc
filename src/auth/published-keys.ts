/**
 * The public keys of an identity provider (RFC 7517). They are refetched in the background, so a known key never waits
 * for a fetch. Tokens with unknown key ids cause at most one fetch per cool-down, however many there are, and only
 * those tokens wait for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { createLocalJWKSet, errors, type CryptoKey, type JWTHeaderParameters } from 'jose';
import { Agent } from 'undici';
import { AppError } from '../common/error-table.js';
import type { Logger } from '../common/logger.js';
import { gauge } from '../common/metrics.js';
import { connectorBy } from '../common/proxied-connector.js';
import type { ProxyFor } from '../common/proxy-rules.js';
import { FETCH_LIMIT_MS, fetchKeySet } from './key-set.js';

/**
 * Maximum age of a set, from the start of its request. With BELIEVED_MS, a revoked key is accepted for at most one
 * minute.
 */
const MAX_AGE_MS = 30_000;
const REFRESH_EVERY_MS = 15_000;
/** Between two fetches, also after a failed one. */
const COOL_DOWN_MS = 5_000;
/** Maximum number of tokens with an unknown key that wait for the next fetch; more get 503. */
const MAX_WAITING = 1_000;

const fetched = gauge({
  name: 'ringback_token_keys_fetched',
  help: '1 if the last request for the keys of JWT_JWKS_URI succeeded, 0 if it failed. Missing without JWT_JWKS_URI.',
});
// A gauge without labels begins with 0.
fetched.remove();

interface KeySet {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  /** performance.now() */
  readonly askedAt: number;
  readonly answeredAt: number;
}

export class PublishedKeys implements OnModuleInit, OnModuleDestroy {
  private set: KeySet | undefined;
  private fetching: Promise<KeySet> | undefined;
  private pause: Promise<void> | undefined;
  private askedAt = -Infinity;
  private waiting = 0;
  private isFailing = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly stop = new AbortController();
  private readonly agent: Agent;

  constructor(
    private readonly uri: string,
    proxyFor: ProxyFor,
    private readonly logger: Logger,
  ) {
    this.agent = new Agent({ connect: connectorBy(proxyFor, FETCH_LIMIT_MS) });
  }

  onModuleInit(): void {
    void this.keepFresh();
  }

  async onModuleDestroy(): Promise<void> {
    this.stop.abort();
    clearTimeout(this.timer);
    await this.agent.destroy();
  }

  /**
   * The key that a token names, for jose.
   * @throws JWKSNoMatchingKey if the identity provider has no such key
   * @throws AppError UNAVAILABLE if that cannot be determined
   */
  async keyFor(header: JWTHeaderParameters): Promise<CryptoKey> {
    const arrivedAt = performance.now();
    const set = this.set && this.ageMs() < MAX_AGE_MS ? this.set : await this.fetchSet();
    try {
      return await keyIn(set, header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || set.answeredAt >= arrivedAt) throw error;
    }
    // The key may have been published after the set was fetched.
    return keyIn(await this.setAnsweredAfter(arrivedAt), header);
  }

  private async setAnsweredAfter(moment: number): Promise<KeySet> {
    if (this.waiting >= MAX_WAITING) throw this.unavailable();
    this.waiting++;
    try {
      if (!this.fetching) await this.coolDown();
      return this.set && this.set.answeredAt >= moment ? this.set : await this.fetchSet();
    } catch (error) {
      throw error instanceof AppError ? error : this.unavailable();
    } finally {
      this.waiting--;
    }
  }

  /** One pause for all waiting tokens. A timer may fire a millisecond early. */
  private coolDown(): Promise<void> {
    this.pause ??= sleep(this.coolDownLeftMs() + 2, undefined, { signal: this.stop.signal }).finally(
      () => (this.pause = undefined),
    );
    return this.pause;
  }

  /** Joins a fetch in flight. @throws AppError UNAVAILABLE, immediately if the last fetch was within the cool-down */
  private async fetchSet(): Promise<KeySet> {
    if (!this.fetching && this.coolDownLeftMs() > 0) throw this.unavailable();
    this.fetching ??= this.load().finally(() => (this.fetching = undefined));
    try {
      return await this.fetching;
    } catch {
      throw this.unavailable();
    }
  }

  private async load(): Promise<KeySet> {
    const askedAt = performance.now();
    this.askedAt = askedAt;
    try {
      const keys = await fetchKeySet(this.uri, this.agent, this.stop.signal);
      this.set = { find: createLocalJWKSet({ keys }), askedAt, answeredAt: performance.now() };
      if (this.isFailing) this.logger.info('the keys of access tokens are fetched again');
      this.isFailing = false;
      fetched.set(1);
      return this.set;
    } catch (error) {
      if (!this.isFailing && !this.stop.signal.aborted) {
        this.logger.warn(
          { error },
          'the keys of access tokens cannot be fetched: requests get 503 once the last set is 30 s old',
        );
      }
      this.isFailing = true;
      fetched.set(0);
      throw error;
    }
  }

  private async keepFresh(): Promise<void> {
    if (this.ageMs() >= REFRESH_EVERY_MS) await this.fetchSet().catch(() => undefined);
    if (this.stop.signal.aborted) return;
    const delay = Math.max(this.coolDownLeftMs(), REFRESH_EVERY_MS - this.ageMs());
    this.timer = setTimeout(() => void this.keepFresh(), delay + 2).unref();
  }

  private ageMs(): number {
    return this.set ? performance.now() - this.set.askedAt : Infinity;
  }

  private coolDownLeftMs(): number {
    return Math.max(0, this.askedAt + COOL_DOWN_MS - performance.now());
  }

  /** Without the cause, which is logged once and not for each request. */
  private unavailable(): AppError {
    return new AppError('UNAVAILABLE', { retryAfterSeconds: Math.max(1, Math.ceil(this.coolDownLeftMs() / 1_000)) });
  }
}

/** A key in the set that cannot be used is the identity provider's fault, not the caller's. */
const keyIn = async ({ find }: KeySet, header: JWTHeaderParameters): Promise<CryptoKey> => {
  try {
    return await find(header);
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
    throw new AppError('UNAVAILABLE', { cause: error, retryAfterSeconds: COOL_DOWN_MS / 1_000 });
  }
};
