import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import type { DialOutcome, DialRequest, Refusal } from '../../telephony/telephony-provider.js';

/** canceled: before the dial, which was not made. unknown: the provider said neither yes nor no, and phones may be ringing. */
export type DialResult =
  | DialOutcome
  | { readonly kind: 'canceled' }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'unknown'; readonly cause: unknown };

/**
 * Dials once and waits no longer than the limit. A reply that comes after it is not waited for: the call's events tell the
 * same.
 */
export const dialOnce = async (
  provider: ResilientProvider,
  request: DialRequest,
  limitSeconds: number,
): Promise<DialResult> => {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort(new Error(`no reply to the dial within ${limitSeconds} s`));
  }, limitSeconds * 1000);
  try {
    return await provider.dial(request, limit.signal);
  } catch (cause) {
    return limit.signal.aborted ? { kind: 'timed_out' } : { kind: 'unknown', cause };
  } finally {
    clearTimeout(timer);
  }
};

/** For the timeline. */
export const refusalDetail = ({ category, code, text }: Refusal) => ({ category, code, text });
