import { setTimeout as sleep } from 'node:timers/promises';

/** Counts what is in flight, so that a process which is asked to stop can finish that, refuse the rest, and go. */
export class Draining {
  private inFlight = 0;
  private begun = false;
  private idle: (() => void) | undefined;

  get hasBegun(): boolean {
    return this.begun;
  }

  enter(): void {
    this.inFlight++;
  }

  leave(): void {
    this.inFlight--;
    if (this.inFlight === 0) this.idle?.();
  }

  /** Resolves when nothing is in flight any more, or after the limit. */
  async finish(limitMs: number): Promise<void> {
    this.begun = true;
    if (this.inFlight === 0) return;
    const done = new AbortController();
    const idle = new Promise<void>((resolve) => (this.idle = resolve));
    await Promise.race([idle, sleep(limitMs, undefined, { signal: done.signal }).catch(() => undefined)]);
    done.abort();
  }
}
