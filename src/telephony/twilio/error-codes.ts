/**
 * The meaning of Twilio's error codes. Twilio warns that meanings change. For a code that is not listed, the HTTP
 * status decides. Code and text are stored for people in any case.
 */
import { storable } from '../../common/foreign-json.js';
import type { Refusal, RefusalCategory } from '../telephony-provider.js';

interface ErrorCode {
  readonly category: RefusalCategory;
  readonly meaning: string;
}

export type ErrorCodes = Readonly<Record<number, ErrorCode>>;

export const code = (category: RefusalCategory, meaning: string): ErrorCode => ({ category, meaning });

/** From Twilio's error dictionary (twilio.com/docs/api/errors). */
export const ERROR_CODES: ErrorCodes = {
  // Twilio has no code for an empty balance: the account is then not active.
  10001: code('no_funds', 'the account is not active: no funds, or terms violated'),
  10002: code('forbidden', 'a trial account cannot do this'),
  10004: code('rate_limited', 'too many calls at once'),
  // Also for a suspended account, which is indistinguishable from wrong credentials.
  20003: code('bad_account', 'the credentials are wrong, or the account is suspended or closed'),
  20005: code('no_funds', 'the account is not active: no funds, or a trial not begun'),
  20006: code('no_funds', 'the account may not do this: suspended, or privileges withdrawn'),
  20403: code('no_funds', 'the account may not use the API: mostly suspended or closed'),
  20404: code('bad_account', 'no such resource; of a dial, no such account'),
  20429: code('rate_limited', 'too many requests at once; not processed'),
  21201: code('bad_number', 'the number to call is missing'),
  21202: code('bad_number', 'the number is a premium number'),
  21203: code('not_permitted', 'international calls are not enabled'),
  21205: code('forbidden', 'a URL of ours is refused: see PUBLIC_URL'),
  21210: code('forbidden', 'the caller number is neither bought nor verified'),
  21211: code('bad_number', 'the number to call is invalid'),
  21212: code('forbidden', 'the caller number is invalid'),
  21213: code('forbidden', 'the caller number is missing'),
  21214: code('bad_number', 'the number cannot be reached'),
  21215: code('not_permitted', 'geographic permissions exclude the number'),
  21216: code('not_permitted', 'Twilio blocks the number'),
  21217: code('bad_number', 'the number does not look valid'),
  21219: code('not_permitted', 'a trial account calls verified numbers only'),
  21401: code('bad_number', 'the number is invalid'),
  21626: code('forbidden', 'a status callback event is unknown'),
  90010: code('no_funds', 'the account is not active: suspended'),
  573005: code('not_permitted', 'the number’s verification is not finished (trial)'),
};

/** For codes that are not listed. Any other status is `forbidden`: Twilio refused for an unknown reason. */
export const STATUS_CATEGORIES: Readonly<Record<number, RefusalCategory>> = {
  401: 'bad_account',
  404: 'bad_account',
  429: 'rate_limited',
};

/** "Call is not live": Twilio cannot change the call any more, or not in this way. */
export const INVALID_CALL_STATE = 21220;
export const NO_SUCH_RESOURCE = 20404;

export interface ApiFailure {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

/**
 * Twilio's own statement that it did not execute the request; null for any other error, whose outcome is unknown. An
 * error without a code comes from a component in between and not from Twilio. A 429 is certain even so, because it is
 * never processed.
 */
export const readApiFailure = (error: unknown): ApiFailure | null => {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return null;
  const { status } = error;
  const message = storable((error as { message: unknown }).message);
  if (status < 400 || status >= 500) return null;
  if ('code' in error && typeof error.code === 'number') return { status, code: error.code, message };
  return status === 429 ? { status, code: status, message } : null;
};

export const refusalOf = (codes: ErrorCodes, { status, code, message }: ApiFailure): Refusal => ({
  category: codes[code]?.category ?? STATUS_CATEGORIES[status] ?? 'forbidden',
  code: String(code),
  text: message,
});
