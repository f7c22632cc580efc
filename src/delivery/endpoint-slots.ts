import { ATTEMPTS_AT_ONCE_TO_ONE } from './delivery-limits.js';

/**
 * The attempts that this process makes to each endpoint at one time. A slot is checked and taken in one synchronous step:
 * a limit that is read first and counted later lets through all workers that read it at the same moment.
 */
export class EndpointSlots {
  private readonly taken = new Map<string, number>();

  /** @returns false if the endpoint has no free slot; then there is nothing to release */
  take(endpointId: string): boolean {
    const taken = this.taken.get(endpointId) ?? 0;
    if (taken >= ATTEMPTS_AT_ONCE_TO_ONE) return false;
    this.taken.set(endpointId, taken + 1);
    return true;
  }

  release(endpointId: string): void {
    const left = (this.taken.get(endpointId) ?? 1) - 1;
    if (left > 0) this.taken.set(endpointId, left);
    else this.taken.delete(endpointId);
  }

  /** Endpoints without a free slot. */
  get full(): string[] {
    return [...this.taken].filter(([, taken]) => taken >= ATTEMPTS_AT_ONCE_TO_ONE).map(([endpointId]) => endpointId);
  }
}
