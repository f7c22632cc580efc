import { ATTEMPTS_AT_ONCE_TO_ONE, ATTEMPTS_AT_ONCE_TO_SILENT } from './delivery-limits.js';

/**
 * The concurrent attempts of this process, by endpoint. A slot is checked and taken in one synchronous step. If the
 * limit were read first and counted later, all workers that read it at the same moment would pass.
 */
export class EndpointSlots {
  private readonly taken = new Map<string, number>();
  private readonly silent = new Set<string>();

  /** @returns false if the endpoint has no free slot; then there is nothing to release */
  take(endpointId: string): boolean {
    const taken = this.taken.get(endpointId) ?? 0;
    if (taken >= this.limitOf(endpointId)) return false;
    this.taken.set(endpointId, taken + 1);
    return true;
  }

  /** @param isSilent whether the attempt ended without an answer */
  release(endpointId: string, isSilent: boolean): void {
    if (isSilent) this.silent.add(endpointId);
    else this.silent.delete(endpointId);
    const left = (this.taken.get(endpointId) ?? 1) - 1;
    if (left > 0) this.taken.set(endpointId, left);
    else this.taken.delete(endpointId);
  }

  /** Endpoints without a free slot. */
  get full(): string[] {
    return [...this.taken].filter(([id, taken]) => taken >= this.limitOf(id)).map(([endpointId]) => endpointId);
  }

  private limitOf(endpointId: string): number {
    return this.silent.has(endpointId) ? ATTEMPTS_AT_ONCE_TO_SILENT : ATTEMPTS_AT_ONCE_TO_ONE;
  }
}
