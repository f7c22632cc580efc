/**
 * Limits the requests with failed tokens of an address. A valid token passes from any address, so those who share one with an
 * attacker are not locked out. A failed token costs the database nothing: it is counted in memory, and replicas tell each other
 * the counts of a second in one notification (call/updates/shared-failures.ts).
 */
import { Inject, Injectable } from '@nestjs/common';
import { networkOf } from '../common/address-ranges.js';
import { AppError } from '../common/error-table.js';
import { CONFIG, type Config } from '../config/config.js';
import { quotasOf, TokenBuckets } from './token-buckets.js';

/** An attacker with more addresses than this makes the counts of others be dropped. About 150 bytes each. */
const MAX_ADDRESSES = 50_000;
/** Between two notifications. The others count on this replica alone. */
const MAX_TO_TELL = 200;

@Injectable()
export class FailedTokens {
  private readonly buckets: TokenBuckets;
  private untold = new Map<string, number>();

  constructor(@Inject(CONFIG) private readonly config: Pick<Config, 'failedTokensPerAddress'>) {
    this.buckets = new TokenBuckets(config.failedTokensPerAddress, MAX_ADDRESSES);
  }

  /**
   * Counts a failed token.
   * @param ip of the client; undefined if it has left
   * @returns the refusal in place of the given one; null if the address has not sent too many
   */
  count(ip: string | undefined, refusal: AppError, isForApp: boolean): AppError | null {
    const { failedTokensPerAddress: rates } = this.config;
    if (ip === undefined || rates.length === 0) return null;
    const address = networkOf(ip);
    const spent = this.buckets.take(address);
    if (spent === null) {
      const told = this.untold.get(address) ?? 0;
      if (told > 0 || this.untold.size < MAX_TO_TELL) this.untold.set(address, told + 1);
      return null;
    }
    const { retryAfterSeconds } = spent;
    return new AppError(isForApp ? 'TOO_MANY_FAILED_TOKENS' : 'FAILED_TOKENS_TOO_FREQUENT', {
      retryAfterSeconds,
      quotas: quotasOf('failed-tokens', rates, spent),
      // It still says what is wrong with the token (RFC 9110, 11.6.1).
      ...(refusal.challenge !== undefined && { challenge: refusal.challenge }),
      cause: refusal.cause,
    });
  }

  /** What this replica has counted since the last call, by address. */
  takeUntold(): ReadonlyMap<string, number> {
    const { untold } = this;
    this.untold = new Map();
    return untold;
  }

  /** Counts what another replica has counted. */
  add(address: string, failures: number): void {
    if (this.config.failedTokensPerAddress.length > 0) this.buckets.takeFor(address, failures);
  }
}
