/** The end reason of a leg, from Twilio's status and, if Twilio sends one, the SIP code. */
import type { ProviderEndReason } from '../telephony-provider.js';

/** The statuses of a call (Twilio's OpenAPI). `initiated` occurs only in callbacks. */
export const LEG_STATUSES = [
  'queued',
  'initiated',
  'ringing',
  'in-progress',
  'completed',
  'busy',
  'no-answer',
  'canceled',
  'failed',
] as const;
export type LegStatus = (typeof LEG_STATUSES)[number];

export type FinalStatus = Exclude<LegStatus, 'queued' | 'initiated' | 'ringing' | 'in-progress'>;

const END_REASONS: Readonly<Record<FinalStatus, ProviderEndReason>> = {
  completed: 'completed',
  busy: 'busy',
  'no-answer': 'no_answer',
  canceled: 'canceled',
  failed: 'failed',
};

export const isFinal = (status: LegStatus): status is FinalStatus => status in END_REASONS;

/** Twilio has no status for a declined call; it reports busy or failed. RFC 3261 (603), 8197 (607), 8688 (608). */
const DECLINED: readonly number[] = [603, 607, 608];
/** With `failed`: no such number, gone, unreachable, address incomplete, does not exist anywhere (RFC 3261). */
const NOT_THERE: readonly number[] = [404, 408, 410, 480, 484, 604];

/** @param sipCode of the leg; only Twilio's callbacks have it */
export const endReasonOf = (status: FinalStatus, sipCode?: number): ProviderEndReason => {
  if (sipCode !== undefined && (status === 'busy' || status === 'failed') && DECLINED.includes(sipCode))
    return 'rejected';
  if (sipCode !== undefined && status === 'failed' && NOT_THERE.includes(sipCode)) return 'unreachable';
  return END_REASONS[status];
};

export const readLegStatus = (value: unknown): LegStatus | undefined => LEG_STATUSES.find((status) => status === value);
