/**
 * What Twilio's error codes mean to us. Twilio warns that meanings change, so of a code that is not here the HTTP status
 * decides; code and text are kept for people in any case.
 */
import { storable } from '../../common/foreign-json.js';
import type { Refusal, RefusalCategory } from '../telephony-provider.js';

interface ErrorCode {
  readonly category: RefusalCategory;
  readonly meaning: string;
}

const code = (category: RefusalCategory, meaning: string): ErrorCode => ({ category, meaning });

/** As Twilio's error dictionary has them (twilio.com/docs/api/errors). */
export const ERROR_CODES: Readonly<Record<number, ErrorCode>> = {
  // Twilio has no code for a balance that is used up: the account is not active any more.
  10001: code('no_funds', 'the account is not active: no funds, or terms violated'),
  10002: code('forbidden', 'a trial account cannot do this'),
  10004: code('rate_limited', 'too many calls at once'),
  // A suspended account too, which cannot be told from wrong credentials.
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

/** For codes that are not in the table; any other status is `forbidden`: Twilio would not, and we do not know why. */
const STATUS_CATEGORIES: Readonly<Record<number, RefusalCategory>> = {
  401: 'bad_account',
  404: 'bad_account',
  429: 'rate_limited',
};

/** "Call is not live": Twilio does not change it any more, or not in this way. */
export const INVALID_CALL_STATE = 21220;

export interface ApiFailure {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

/**
 * Twilio's own word that it did not do what it was asked; null for any other error, after which nobody knows. Without a
 * code it is not Twilio's word, but that of something on the way; a 429 is certain even so, for it is never processed.
 */
export const readApiFailure = (error: unknown): ApiFailure | null => {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return null;
  const { status } = error;
  const message = storable((error as { message: unknown }).message);
  if (status < 400 || status >= 500) return null;
  if ('code' in error && typeof error.code === 'number') return { status, code: error.code, message };
  return status === 429 ? { status, code: status, message } : null;
};

export const refusalOf = ({ status, code, message }: ApiFailure): Refusal => ({
  category: ERROR_CODES[code]?.category ?? STATUS_CATEGORIES[status] ?? 'forbidden',
  code: String(code),
  text: message,
});
