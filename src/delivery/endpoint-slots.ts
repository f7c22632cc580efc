import { ATTEMPTS_AT_ONCE_TO_ONE, EXTRA_ATTEMPTS_AT_ONCE, SILENT_ATTEMPTS_AT_ONCE } from './delivery-limits.js';

/**
 * The concurrent attempts of this process, by endpoint. A slot is checked and taken in one synchronous step. If the
 * limit were read first and counted later, all workers that read it at the same moment would pass.
 *
 * The first slot of an endpoint is its own. All others, and those of silent endpoints, are limited in sum. So n
 * endpoints that begin to hang hold at most n + EXTRA_ATTEMPTS_AT_ONCE workers.
 */
export class EndpointSlots {
  private readonly taken = new Map<string, number>();
  private readonly silent = new Set<string>();

  /** @returns false if the endpoint has no free slot; then there is nothing to release */
  take(endpointId: string): boolean {
    if (!this.mayTake(endpointId)) return false;
    this.taken.set(endpointId, this.takenBy(endpointId) + 1);
    return true;
  }

  /** @param isSilent whether the attempt ended without an answer */
  release(endpointId: string, isSilent: boolean): void {
    if (isSilent) this.silent.add(endpointId);
    else this.silent.delete(endpointId);
    const left = this.takenBy(endpointId) - 1;
    if (left > 0) this.taken.set(endpointId, left);
    else this.taken.delete(endpointId);
  }

  /** Endpoints without a free slot. */
  get full(): string[] {
    return [...new Set([...this.taken.keys(), ...this.silent])].filter((id) => !this.mayTake(id));
  }

  private mayTake(endpointId: string): boolean {
    const taken = this.takenBy(endpointId);
    if (this.silent.has(endpointId)) return taken === 0 && this.takenBySilent() < SILENT_ATTEMPTS_AT_ONCE;
    return taken === 0 || (taken < ATTEMPTS_AT_ONCE_TO_ONE && this.extra() < EXTRA_ATTEMPTS_AT_ONCE);
  }

  private takenBy(endpointId: string): number {
    return this.taken.get(endpointId) ?? 0;
  }

  private takenBySilent(): number {
    return [...this.silent].reduce((sum, id) => sum + this.takenBy(id), 0);
  }

  private extra(): number {
    return [...this.taken.values()].reduce((sum, taken) => sum + taken - 1, 0);
  }
}
