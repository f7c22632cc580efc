/** What a caller is told whose call a provider refuses, by the category alone: code and text are for people. */
import { AppError, type ErrorName } from '../../common/error-table.js';
import { refusalError } from '../../telephony/logged-refusal.js';
import type { Refusal } from '../../telephony/telephony-provider.js';

/** Seconds after which a provider's policy may let the call pass. None says when; carriers count calls by the minute at least. */
const POLICY_RETRY_SECONDS = 60;

const ERROR_NAMES: Partial<Record<Refusal['category'], ErrorName>> = {
  bad_number: 'BAD_CALL_PARAMETERS',
  bad_account: 'NO_SUB_ACCOUNT',
  not_permitted: 'BAD_CALL_PARAMETERS',
  too_frequent: 'TOO_MANY_CALLS',
};

export const refusedDial = (refusal: Refusal): AppError =>
  new AppError(ERROR_NAMES[refusal.category] ?? 'SYSTEM', {
    cause: refusalError(refusal),
    ...(refusal.category === 'too_frequent' && { retryAfterSeconds: POLICY_RETRY_SECONDS }),
  });
