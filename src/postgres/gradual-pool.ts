/**
 * A pool that grows slowly. A new connection is slow until it has planned its first statements: it takes PostgreSQL as much
 * time as fifteen calls take a used one (70 ms and 5 ms, on one machine). pg's own pool opens one for each request that finds none
 * free, so the first burst after a start kept PostgreSQL busy with connecting, and with a pool of 40 some calls were refused.
 */
import { Pool, type PoolClient } from 'pg';

/** Connections that are opened as soon as requests need them. */
export const OPENED_AT_ONCE = 4;
/** After these, one in this time. */
export const GROWTH_MS = 100;

type Callback = (error: Error | undefined, client: PoolClient | undefined, done: (release?: unknown) => void) => void;

/** Of pg-pool, which its types leave out. */
interface Inner {
  _isFull(): boolean;
  _pulseQueue(): void;
  newClient(pendingItem: unknown): void;
}

const inner = Pool.prototype as unknown as Inner;

export class GradualPool extends Pool {
  private grewAt = -Infinity;
  private growth: NodeJS.Timeout | undefined;

  override connect(): Promise<PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<PoolClient> | undefined {
    const client = (super.connect as (callback?: Callback) => Promise<PoolClient> | undefined)(callback);
    this.growLater();
    return client;
  }

  /** pg-pool asks before it opens a connection, and lets the request wait for a free one if the pool is full. */
  protected _isFull(): boolean {
    return inner._isFull.call(this) || (this.totalCount >= OPENED_AT_ONCE && this.untilGrowth() > 0);
  }

  protected newClient(pendingItem: unknown): void {
    this.grewAt = performance.now();
    inner.newClient.call(this, pendingItem);
  }

  private untilGrowth(): number {
    return this.grewAt + GROWTH_MS - performance.now();
  }

  /** Requests that wait get a new connection in turn, though none is released and no other request comes. */
  private growLater(): void {
    if (this.growth || this.waitingCount === 0 || inner._isFull.call(this)) return;
    this.growth = setTimeout(
      () => {
        this.growth = undefined;
        inner._pulseQueue.call(this);
        this.growLater();
      },
      Math.max(0, Math.ceil(this.untilGrowth())),
    );
    this.growth.unref();
  }
}
