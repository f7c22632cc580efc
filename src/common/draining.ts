import { Module, type DynamicModule } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';

/** Counts the requests in flight, so that a stopping process can finish them, refuse new ones, and exit. */
export class Draining {
  private inFlight = 0;
  private readonly begin = new AbortController();
  private idle: (() => void) | undefined;
  private announced = false;

  /** Aborts when draining begins, to end replies that would otherwise wait long. */
  get signal(): AbortSignal {
    return this.begin.signal;
  }

  get hasBegun(): boolean {
    return this.begin.signal.aborted;
  }

  /** Draining will begin soon. Load balancers should send no new requests; those that arrive are still served. */
  get isAnnounced(): boolean {
    return this.announced || this.hasBegun;
  }

  get isIdle(): boolean {
    return this.inFlight === 0;
  }

  announce(): void {
    this.announced = true;
  }

  enter(): void {
    this.inFlight++;
  }

  leave(): void {
    this.inFlight--;
    if (this.isIdle) this.idle?.();
  }

  /** Resolves when nothing is in flight, or after the limit. */
  async finish(limitMs: number): Promise<void> {
    const idle = new Promise<void>((resolve) => (this.idle = resolve));
    this.begin.abort();
    if (this.isIdle) return;
    const done = new AbortController();
    await Promise.race([idle, sleep(limitMs, undefined, { signal: done.signal }).catch(() => undefined)]);
    done.abort();
  }
}

@Module({})
export class DrainingModule {
  static with(draining: Draining): DynamicModule {
    return {
      module: DrainingModule,
      global: true,
      providers: [{ provide: Draining, useValue: draining }],
      exports: [Draining],
    };
  }
}
