import type { DialOutcome, DialRequest, Refusal, TelephonyProvider } from '../telephony/telephony-provider.js';

/** canceled: before the dial, which was not made. unknown: the provider said neither yes nor no, and phones may be ringing. */
export type DialResult =
  | DialOutcome
  | { readonly kind: 'canceled' }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'unknown'; readonly cause: unknown };

/**
 * Dials once and waits no longer than the limit, whether or not the provider heeds the signal. A reply that comes after
 * the limit is not waited for: the call's events tell the same.
 */
export const dialOnce = async (
  provider: TelephonyProvider,
  request: DialRequest,
  limitSeconds: number,
): Promise<DialResult> => {
  const limit = new AbortController();
  const timedOut = new Promise<DialResult>((resolve) => {
    limit.signal.addEventListener('abort', () => {
      resolve({ kind: 'timed_out' });
    });
  });
  const timer = setTimeout(() => {
    limit.abort(new Error(`no reply to the dial within ${limitSeconds} s`));
  }, limitSeconds * 1000);
  const replied = provider
    .dial(request, limit.signal)
    .catch((cause: unknown): DialResult => (limit.signal.aborted ? { kind: 'timed_out' } : { kind: 'unknown', cause }));
  try {
    return await Promise.race([replied, timedOut]);
  } finally {
    clearTimeout(timer);
  }
};

/** For the timeline. */
export const refusalDetail = ({ category, code, text }: Refusal) => ({ category, code, text });

/** For the log. */
export const refusalError = ({ category, code, text }: Refusal): Error =>
  new Error(`the provider refused (${category}): ${code} ${text}`);
