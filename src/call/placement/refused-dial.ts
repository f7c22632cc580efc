/** The caller's error for a call that a provider refuses. Only the category counts; code and text are for people. */
import type { ErrorName } from '../../common/error-table.js';
import { refusalError } from '../../telephony/logged-refusal.js';
import type { Refusal } from '../../telephony/telephony-provider.js';
import { TOO_LATE_CODE } from './dial-within-limits.js';
import { NotPlaced } from './not-placed.js';

/**
 * Retry-After for calls that are too frequent. No provider reports when its policy allows the next call; carriers count
 * calls per minute at least.
 */
const POLICY_RETRY_SECONDS = 60;

const ERROR_NAMES: Partial<Record<Refusal['category'], ErrorName>> = {
  bad_number: 'BAD_CALL_PARAMETERS',
  bad_account: 'NO_SUB_ACCOUNT',
  not_permitted: 'BAD_CALL_PARAMETERS',
  too_frequent: 'TOO_MANY_CALLS',
};

/** @param callSid of the call's record, whose last change has the provider's own words */
export const refusedDial = (refusal: Refusal, callSid: string): NotPlaced =>
  new NotPlaced(
    refusal.code === TOO_LATE_CODE ? 'too_late' : refusal.category,
    ERROR_NAMES[refusal.category] ?? 'SYSTEM',
    {
      cause: refusalError(refusal),
      callSid,
      ...(refusal.category === 'too_frequent' && { retryAfterSeconds: POLICY_RETRY_SECONDS }),
    },
  );
