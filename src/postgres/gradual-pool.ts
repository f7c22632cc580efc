/**
 * A pool that grows slowly. A new connection is slow until it has planned its first statements: it takes PostgreSQL as much
 * time as fifteen calls take a used one (70 ms and 5 ms, on one machine). pg's own pool opens one for each request that finds none
 * free, so the first burst after a start kept PostgreSQL busy with connecting, and with a pool of 40 some calls were refused.
 */
import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { startLimit } from '../common/time-limit.js';

/** Connections that are opened as soon as requests need them. */
export const OPENED_AT_ONCE = 4;
/** After these, one in this time, or less if the pool is large. */
export const GROWTH_MS = 100;
/** A pool of any size is full after this time, before the requests give up that wait for statements that hang. */
const FULL_AFTER_MS = 800;

type Callback = (error: Error | undefined, client: PoolClient | undefined, done: (release?: unknown) => void) => void;

interface PendingItem {
  readonly callback: Callback;
}

export interface GradualPoolConfig extends PoolConfig {
  /** For a connection, including the wait for a free one, in milliseconds. In place of pg's connectionTimeoutMillis. */
  readonly connectLimitMs?: number;
}

/** Of pg-pool, which its types leave out. */
interface Inner {
  _isFull(): boolean;
  _pulseQueue(): void;
  newClient(pendingItem: PendingItem): void;
  readonly _pendingQueue: PendingItem[];
}

const inner = Pool.prototype as unknown as Inner;

export class GradualPool extends Pool {
  private grewAt = -Infinity;
  private growth: NodeJS.Timeout | undefined;

  private readonly connectLimitMs: number | undefined;

  constructor(config: GradualPoolConfig) {
    super(config);
    this.connectLimitMs = config.connectLimitMs;
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<PoolClient> | undefined {
    if (callback) {
      super.connect(this.limited(callback));
      this.growLater();
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.connect((error, client) => {
        if (client) resolve(client);
        else reject(error ?? new Error('the pool gave no connection'));
      });
    });
  }

  /** A connection that comes too late is given back. */
  private limited(callback: Callback): Callback {
    if (this.connectLimitMs === undefined) return callback;
    let isOver = false;
    const inTime: Callback = (error, client, done) => {
      endLimit();
      if (!isOver) callback(error, client, done);
      else if (client) done();
    };
    const endLimit = startLimit(this.connectLimitMs, () => {
      isOver = true;
      const { _pendingQueue: queue } = this as unknown as Inner;
      const place = queue.findIndex((item) => item.callback === inTime);
      if (place >= 0) queue.splice(place, 1);
      callback(new Error('timeout exceeded when trying to connect'), undefined, () => undefined);
    });
    return inTime;
  }

  /** pg-pool asks before it opens a connection, and lets the request wait for a free one if the pool is full. */
  protected _isFull(): boolean {
    return inner._isFull.call(this) || (this.totalCount >= OPENED_AT_ONCE && this.untilGrowth() > 0);
  }

  /** Called when a connection is given back or lost. */
  protected _pulseQueue(): void {
    inner._pulseQueue.call(this);
    this.growLater();
  }

  protected newClient(pendingItem: PendingItem): void {
    this.grewAt = performance.now();
    try {
      inner.newClient.call(this, pendingItem);
    } catch (error) {
      // A certificate that cannot be read, for example. In the timer, it would end the process.
      pendingItem.callback(error as Error, undefined, () => undefined);
    }
  }

  private untilGrowth(): number {
    const step = Math.min(GROWTH_MS, FULL_AFTER_MS / Math.max(1, this.options.max - OPENED_AT_ONCE));
    return this.grewAt + step - performance.now();
  }

  /** Requests that wait get a new connection in turn, though none is released and no other request comes. */
  private growLater(): void {
    if (this.growth || this.ending || this.waitingCount === 0 || inner._isFull.call(this)) return;
    this.growth = setTimeout(
      () => {
        this.growth = undefined;
        this._pulseQueue();
      },
      Math.max(0, Math.ceil(this.untilGrowth())),
    );
    this.growth.unref();
  }
}
