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
): Promise<DialResult> => {
  const { callSid } = request;
  const patientUntil = Date.now() + PATIENCE_MS;
  let turn = waitsForDialSlot(provider) ? await acquireDialSlot(database, callSid, provider) : 'taken';
  let refusal: DialResult | undefined;
  while (turn === 'taken') {
    const result = await dials.run(callerId, () => dialOnce(provider, request, dialTimeoutSeconds));
    const waitMs = result.kind === 'refused' ? result.retryAfterMs : undefined;
    if (waitMs === undefined || Date.now() + waitMs > patientUntil) return result;
    refusal = result;
    turn = await acquireDialSlotAfter(database, callSid, provider, waitMs, patientUntil);
  }
  // If the next slot is too late, the provider's own refusal is the reason.
  return turn.kind === 'canceled' ? turn : (refusal ?? turn);
};
