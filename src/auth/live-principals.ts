/**
 * All those that are accepted now by a row of a table (API keys, sessions of the desk), in the memory of each replica. So a request
 * costs no statement, and made-up keys and cookies cost the database nothing. The table is read twice a second: there is no message
 * that could be lost, and a pooler without notifications changes nothing. A change takes effect on all replicas within a second.
 */
import { setMaxListeners } from 'node:events';
import { AppError } from '../common/error-table.js';
import type { Principal } from './access-token.js';

const READ_EVERY_MS = 500;
/** Without a successful read for this long, nobody is accepted: the row may have been ended. */
const BELIEVED_MS = 60_000;
const RETRY_SECONDS = 5;

interface Source<Row> {
  readonly read: () => Promise<readonly Row[]>;
  readonly principalOf: (row: Row, ended: AbortSignal) => Principal;
  /** Is told the first time, and not again until a read has succeeded. */
  readonly onFailure: (error: unknown) => void;
}

interface Live {
  readonly principal: Principal;
  readonly end: AbortController;
}

export class LivePrincipals<Row extends { readonly hash: string }> {
  private byHash: ReadonlyMap<string, Live> = new Map();
  private readAt = -Infinity;
  private reading: Promise<void> = Promise.resolve();
  /** The read that follows the one in progress. */
  private following: Promise<void> | undefined;
  /** The read that begins next. */
  private next = newTurn();
  private timer: NodeJS.Timeout | undefined;
  private isFailing = false;
  private isClosed = false;

  constructor(private readonly source: Source<Row>) {}

  /** Resolves after the first read. */
  async start(): Promise<void> {
    await this.read();
    this.schedule();
  }

  async stop(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.next.end();
    await this.reading;
  }

  /** Null if there is none, as far as this replica knows. */
  find(hash: string): Principal | null {
    const live = this.isBelieved() ? this.byHash.get(hash) : undefined;
    return live && Date.now() < live.principal.expiresAt ? live.principal : null;
  }

  /** @throws AppError UNAVAILABLE if the rows could not be read for a minute */
  requireRead(): void {
    if (!this.isBelieved()) throw new AppError('UNAVAILABLE', { retryAfterSeconds: RETRY_SECONDS });
  }

  /** Resolves after the read that begins next. */
  async nextRead(): Promise<void> {
    if (!this.isClosed) await this.next.ended;
  }

  /** Resolves after a read that began later than this call; those who call during a read share the next one. A failure is logged. */
  refresh(): Promise<void> {
    // One after the other: a slow read must not replace what a later one has found.
    this.following ??= this.reading.then(() => {
      this.following = undefined;
      return this.readOrReport();
    });
    this.reading = this.following;
    return this.following;
  }

  private isBelieved(): boolean {
    return performance.now() - this.readAt <= BELIEVED_MS;
  }

  private async readOrReport(): Promise<void> {
    if (this.isClosed) return;
    const { next } = this;
    this.next = newTurn();
    try {
      await this.read();
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) this.source.onFailure(error);
      this.isFailing = true;
    }
    next.end();
  }

  private async read(): Promise<void> {
    const startedAt = performance.now();
    const rows = await this.source.read();
    const before = this.byHash;
    this.byHash = new Map(
      rows.map((row) => {
        // Of the same row, as read before: open streams listen to it.
        const end = before.get(row.hash)?.end ?? newEnd();
        return [row.hash, { end, principal: this.source.principalOf(row, end.signal) }];
      }),
    );
    this.readAt = startedAt;
    for (const [hash, { end }] of before) if (!this.byHash.has(hash)) end.abort();
  }

  private schedule(): void {
    if (this.isClosed) return;
    this.timer = setTimeout(() => {
      void this.refresh().finally(() => {
        this.schedule();
      });
    }, READ_EVERY_MS);
  }
}

const newEnd = (): AbortController => {
  const end = new AbortController();
  // Each stream and long poll adds a listener; the default warning is meant for leaks.
  setMaxListeners(0, end.signal);
  return end;
};

interface Turn {
  readonly ended: Promise<void>;
  end(): void;
}

const newTurn = (): Turn => {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { ended, end };
};
