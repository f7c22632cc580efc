/**
 * Replicas tell each other how many failed tokens came from which address, once a second. So the rate of an address holds for
 * all of them together, give or take what comes within that second. A flood costs the database one notification a second and
 * replica; the connection sends as many to probe itself.
 */
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { FailedTokens } from '../../auth/failed-tokens.js';
import { ChangeFeed } from './change-feed.js';

const TELL_EVERY_MS = 1_000;
/** No more fail in a second; a newer or older version may have sent something else. */
const MAX_FAILURES = 1_000_000;

@Injectable()
export class SharedFailures implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly failures: FailedTokens,
    private readonly feed: ChangeFeed,
  ) {
    feed.observe({
      onFailedTokens: (counts) => {
        for (const [address, count] of readCounts(counts)) failures.add(address, count);
      },
    });
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      const counts = this.failures.takeUntold();
      if (counts.size === 0) return;
      // The connection has reported the error. The counts of this second stay with this replica.
      this.feed.tellFailedTokens(JSON.stringify([...counts])).catch(() => undefined);
    }, TELL_EVERY_MS);
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
  }
}

const readCounts = (text: string): [string, number][] => {
  try {
    const counts: unknown = JSON.parse(text);
    return Array.isArray(counts) ? counts.filter(isCount) : [];
  } catch {
    return [];
  }
};

const isCount = (item: unknown): item is [string, number] => {
  if (!Array.isArray(item)) return false;
  const [address, count] = item as unknown[];
  return (
    typeof address === 'string' && Number.isInteger(count) && (count as number) > 0 && (count as number) < MAX_FAILURES
  );
};
