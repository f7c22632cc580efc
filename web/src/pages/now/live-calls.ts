/**
 * The live calls, by the stream of the service, outside of React: changes come many times a second, and the page looks once a frame.
 * A lost connection is taken up where it was, with Last-Event-ID.
 */
import { api, type Schemas } from '../../api/client';
import { eventsIn, type StreamEvent } from '../../api/event-stream';
import { ProblemError, problemOf } from '../../api/problem';
import type { operations } from '../../api/schema';

export type LiveCall = Schemas['FoundCall'];
export type LiveQuery = NonNullable<operations['watchCalls']['parameters']['query']>;

/** `connecting`: no call has come yet. `lost`: what is shown may be old. `refused`: asking again does not help. */
export type Link =
  | { readonly kind: 'connecting' | 'live' }
  | { readonly kind: 'lost'; readonly since: number; readonly problem: ProblemError | null }
  | { readonly kind: 'refused'; readonly problem: ProblemError };

/** What is shown at one moment. */
export interface Picture {
  readonly link: Link;
  /** All of them are there; else they are still on their way. */
  readonly isComplete: boolean;
  /** In the order of their requests, the newest first. */
  readonly calls: readonly LiveCall[];
  /** That have come since the page was opened. */
  readonly changes: number;
  /** By which the clock of the service is ahead of the browser's. */
  readonly aheadMs: number;
}

/** As the API document has it; `name` says which fields there are. */
type EventData = Omit<Schemas['LiveEventReply'], 'calls'> & { readonly calls?: readonly LiveCall[] | number };

/** The service gives a sign of life each 15 seconds. */
const SILENT_MS = 40_000;
const RETRY_MS = { first: 500, most: 15_000 };
/** The header that says the time has whole seconds. */
const CLOCKS_AGREE_MS = 2_000;

export const CONNECTING: Picture = {
  link: { kind: 'connecting' },
  isComplete: false,
  calls: [],
  changes: 0,
  aheadMs: 0,
};

export class LiveCalls {
  private readonly calls = new Map<string, LiveCall>();
  private readonly listeners = new Set<() => void>();
  private readonly stop = new AbortController();
  private connection = new AbortController();
  private wake: () => void = () => undefined;
  private link: Link = CONNECTING.link;
  private isComplete = false;
  private changes = 0;
  private aheadMs = 0;
  private lastId = '';
  private failures = 0;
  private frame = 0;
  private shown = CONNECTING;

  constructor(
    private readonly query: LiveQuery,
    private readonly onRefused: (problem: ProblemError) => void,
  ) {
    void this.run();
  }

  close(): void {
    this.stop.abort();
    this.connection.abort();
    this.wake();
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  /** Does not wait for the next try. */
  retry(): void {
    this.wake();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  readonly picture = (): Picture => this.shown;

  private async run(): Promise<void> {
    while (!this.isClosed()) {
      let problem: ProblemError | null = null;
      try {
        await this.watch();
      } catch (error) {
        problem = error instanceof ProblemError ? error : new ProblemError({ status: 0, code: 'OFFLINE' });
      }
      if (this.isClosed()) return;
      if (problem && isFinal(problem)) {
        this.become({ kind: 'refused', problem });
        this.onRefused(problem);
        return;
      }
      this.failures++;
      const since = this.link.kind === 'lost' ? this.link.since : Date.now();
      this.become({ kind: 'lost', since, problem });
      await this.pause(problem?.problem.retryAfterSeconds);
    }
  }

  private isClosed(): boolean {
    return this.stop.signal.aborted;
  }

  /** Ends when the service ends the stream: with its process, for example. */
  private async watch(): Promise<void> {
    this.connection = new AbortController();
    const { signal } = this.connection;
    const header = this.lastId === '' ? {} : { 'Last-Event-ID': this.lastId };
    let silence = this.expectLife();
    try {
      const { data, error, response } = await api.GET('/v1/admin/calls/stream', {
        params: { query: this.query, header },
        parseAs: 'stream',
        cache: 'no-store',
        signal,
      });
      if (!response.ok || !data) throw new ProblemError(problemOf(error, response));
      this.noteClock(response);
      // The changes since the last id come first. Without one, all calls come again.
      if (this.lastId === '') this.calls.clear();
      else this.become({ kind: 'live' });
      for await (const event of eventsIn(data)) {
        clearTimeout(silence);
        silence = this.expectLife();
        this.take(event);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  private expectLife(): number {
    const { connection } = this;
    return window.setTimeout(() => {
      connection.abort();
    }, SILENT_MS);
  }

  private noteClock(response: Response): void {
    const ahead = Date.parse(response.headers.get('date') ?? '') - Date.now();
    this.aheadMs = Math.abs(ahead) > CLOCKS_AGREE_MS ? ahead : 0;
  }

  /** Until the next try: at once if the browser is connected again, or if the person asks for it. */
  private pause(askedForSeconds = 0): Promise<void> {
    const { first, most } = RETRY_MS;
    // So that the desks of a replica that has stopped do not all come back at once.
    const drawn = Math.min(most, first * 2 ** this.failures) * (0.5 + Math.random() / 2);
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        window.removeEventListener('online', end);
        resolve();
      };
      const timer = setTimeout(end, Math.max(drawn, askedForSeconds * 1_000));
      window.addEventListener('online', end);
      this.wake = end;
    });
  }

  private take({ name, id, data }: StreamEvent): void {
    this.failures = 0;
    if (data !== undefined) this.apply(name, JSON.parse(data) as EventData);
    // After its event: a resumed stream begins behind what is known.
    if (id !== undefined) this.lastId = id;
  }

  private apply(name: string, { calls, changes = [], gone = [] }: EventData): void {
    if (name === 'reset') {
      this.calls.clear();
      this.isComplete = false;
      this.lastId = '';
    } else if (name === 'calls' && typeof calls === 'object') {
      for (const call of calls) this.calls.set(call.callSid, call);
    } else if (name === 'live') {
      this.isComplete = true;
      this.become({ kind: 'live' });
    } else if (name === 'changes') {
      for (const { change, call } of changes) {
        if (change.data.stateType === '4') this.calls.delete(call.callSid);
        // The record may be ahead of the change: its end follows.
        else if (call.stateType !== '4') this.calls.set(call.callSid, call);
      }
      for (const callSid of gone) this.calls.delete(callSid);
      this.changes += changes.length;
    }
    this.showSoon();
  }

  private become(link: Link): void {
    this.link = link;
    this.showSoon();
  }

  /** With the next frame; none is drawn while nobody looks. */
  private showSoon(): void {
    if (this.frame !== 0 || this.stop.signal.aborted) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const { link, isComplete, changes, aheadMs } = this;
      const calls = isComplete ? [...this.calls.values()].sort(newestFirst) : [];
      this.shown = { link, isComplete, changes, aheadMs, calls };
      for (const listener of this.listeners) listener();
    });
  }
}

const newestFirst = (one: LiveCall, other: LiveCall): number =>
  one.requestedAt === other.requestedAt
    ? one.callSid < other.callSid
      ? 1
      : -1
    : one.requestedAt < other.requestedAt
      ? 1
      : -1;

/** A filter that makes no sense, a session that has ended, a scope that is missing. */
const isFinal = ({ problem: { status } }: ProblemError): boolean => status >= 400 && status < 500 && status !== 429;
