/**
 * Dials at one provider: acquires a slot, dials, and repeats the dial if the provider refuses it for now and says for
 * how long. A refused dial was not processed, so no phone rings twice.
 */
import type { DataSource } from 'typeorm';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import type { DialRequest } from '../../telephony/telephony-provider.js';
import type { CallerDials } from './caller-dials.js';
import { dialOnce, type DialResult } from './dial.js';
import { isLimited, PATIENCE_MS, acquireDialSlot, acquireDialSlotAfter } from './provider-rate-limit.js';

/** A provider with an open circuit refuses immediately, so there is no slot to wait for. */
export const waitsForDialSlot = (provider: ResilientProvider): boolean =>
  isLimited(provider.limits) && !provider.isCircuitOpen;

export const TOO_LATE_CODE = 'RB-TOO-LATE';
/** The backend that placed the call wants it dialled by then or not at all. */
const TOO_LATE: DialResult = {
  kind: 'refused',
  category: 'forbidden',
  code: TOO_LATE_CODE,
  text: 'the call could not be dialled before notAfter',
};

export interface Dialler {
  readonly database: DataSource;
  readonly dials: CallerDials;
  readonly dialTimeoutSeconds: number;
}

export const dialWithinLimits = async (
  { database, dials, dialTimeoutSeconds }: Dialler,
  callerId: string,
  provider: ResilientProvider,
  request: DialRequest,
  notAfter: Date | null,
): Promise<DialResult> => {
  const { callSid } = request;
  const latest = notAfter ? performance.now() + notAfter.getTime() - Date.now() : Infinity;
  const patientUntil = Math.min(performance.now() + PATIENCE_MS, latest);
  let slot = waitsForDialSlot(provider) ? await acquireDialSlot(database, callSid, provider, patientUntil) : 'taken';
  let refusal: DialResult | undefined;
  while (slot === 'taken') {
    if (performance.now() > latest) return TOO_LATE;
    const result = await dials.run(callerId, () => dialOnce(provider, request, dialTimeoutSeconds));
    const waitMs = result.kind === 'refused' ? result.retryAfterMs : undefined;
    if (waitMs === undefined || performance.now() + waitMs > patientUntil) return result;
    refusal = result;
    slot = await acquireDialSlotAfter(database, callSid, provider, waitMs, patientUntil);
  }
  // Another request might have had the time to wait for a slot.
  if (slot.kind === 'refused' && patientUntil === latest && refusal === undefined) return TOO_LATE;
  // If the next slot is too late, the provider's own refusal is the reason.
  return slot.kind === 'canceled' ? slot : (refusal ?? slot);
};
