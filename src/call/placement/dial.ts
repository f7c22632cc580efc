import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import type { DialOutcome, DialRequest, Refusal } from '../../telephony/telephony-provider.js';
import { startLimit } from '../../common/time-limit.js';

/**
 * canceled: before the dial, which was not sent. unknown: the provider neither accepted nor refused, and phones may be
 * ringing.
 */
export type DialResult =
  | DialOutcome
  | { readonly kind: 'canceled' }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'unknown'; readonly cause: unknown };

/** Dials once, with a time limit. A later reply is ignored: the call's events carry the same facts. */
export const dialOnce = async (
  provider: ResilientProvider,
  request: DialRequest,
  limitSeconds: number,
): Promise<DialResult> => {
  const limit = new AbortController();
  const endLimit = startLimit(limitSeconds * 1000, () => {
    limit.abort(new Error(`no reply to the dial within ${limitSeconds} s`));
  });
  try {
    return await provider.dial(request, limit.signal);
  } catch (cause) {
    return limit.signal.aborted ? { kind: 'timed_out' } : { kind: 'unknown', cause };
  } finally {
    endLimit();
  }
};

/** As the timeline stores it. */
export const refusalDetail = ({ category, code, text }: Refusal, noAccountAt: readonly string[]) => ({
  category,
  code,
  text,
  ...withoutAccount(noAccountAt),
});

/** Likewise: providers at which the caller has no account. */
export const withoutAccount = (noAccountAt: readonly string[]) => noAccountAt.length > 0 && { noAccountAt };
