/**
 * The meaning of Yuntongxun's status codes. Its own list is no longer public, so each row names its source. A row
 * without a source is inferred from its neighbours; the docs say so too.
 * Problems of our own account or app are `forbidden` and not `provider_down`: the provider works and refuses, so a
 * pause would not help. The codes of policy refusals are known only from text messages, whose lists are public. That
 * calls are refused with the same codes is a harmless guess. `unknown_outcome` is not a refusal: the platform failed
 * while it processed the request, and a phone may be ringing.
 */
import type { RefusalCategory } from '../telephony-provider.js';

export type CodeOutcome = RefusalCategory | 'unknown_outcome';

export interface StatusCodeRow {
  /** First and last code of the row, inclusive; six digits each. */
  readonly from: string;
  readonly to: string;
  readonly outcome: CodeOutcome;
  readonly means: string;
  /** Repository and file; null if no public source lists the codes. */
  readonly source: string | null;
}

const SMS_CLIENT = 'jinyicheng/cloopen Sms.php';
const SMS_COMPONENT = 'RongLianSmsComponent';
/** A reply of the API for spoken codes that somebody has kept: 应用未上线，语音验证码被叫号码外呼受限. */
const VOICE_VERIFY = 'a captured reply of VoiceVerify';
const VENDOR_SDK = 'YanCastle/Tsy CCPRestSDK.class.php';

const row = (codes: string, outcome: CodeOutcome, means: string, source: string | null): StatusCodeRow => {
  const [from = '', to = from] = codes.split('-');
  return { from, to, outcome, means, source };
};

export const STATUS_CODES: readonly StatusCodeRow[] = [
  row('111000-111099', 'unknown_outcome', 'the platform failed', SMS_CLIENT),
  // The sid in the path of a dial is the sub-account's, so these codes are about the sub-account.
  row('111100', 'bad_account', 'the sid in the path is not a valid sid', SMS_CLIENT),
  row('111101-111105', 'forbidden', 'the Authorization header is empty or unreadable', SMS_CLIENT),
  row('111106', 'forbidden', 'the timestamp has expired: check our clock', SMS_CLIENT),
  row('111107', 'bad_account', 'the sid of the header is not the sid of the path', SMS_CLIENT),
  row('111108', 'forbidden', 'the sig is missing', SMS_CLIENT),
  row('111109', 'bad_account', 'the sig is wrong: the token is not the account’s', SMS_CLIENT),
  row('111110', 'forbidden', 'the API has no such version', SMS_CLIENT),
  row('111111', 'rate_limited', 'too many requests at once', SMS_CLIENT),
  row('111113', 'forbidden', 'the timestamp is not yyyyMMddHHmmss', SMS_CLIENT),
  row('111128-111137', 'forbidden', 'the main account’s id, token or name is empty or not well-formed', SMS_CLIENT),
  row('111138-111141', 'forbidden', 'the main account is not active, suspended, closed or unknown', SMS_CLIENT),
  row('111142', 'no_funds', 'the main account’s balance is used up', SMS_CLIENT),
  row('111143', 'forbidden', 'the main account’s token is not valid', SMS_CLIENT),
  row(
    '111144-111168',
    'bad_account',
    'about the sub-account, judged by their place between main account and app',
    null,
  ),
  row('111169-111175', 'forbidden', 'the app’s id or name is empty or not well-formed', SMS_CLIENT),
  row('111176-111182', 'forbidden', 'the app is deleted, not released, paused, unknown or not ours', SMS_CLIENT),
  row('111324', 'not_permitted', 'the app is not released: it may ring only registered numbers', VOICE_VERIFY),
  row(
    '112000-112299',
    'bad_number',
    'about a parameter of a call, judged by their place before those of messages',
    null,
  ),
  row('112300-112304', 'forbidden', 'a parameter of a text message', SMS_COMPONENT),
  row('112305', 'not_permitted', 'the app is not released: it may reach only registered numbers', SMS_COMPONENT),
  row('112306-112309', 'forbidden', 'a parameter of a text message', SMS_COMPONENT),
  row('112310', 'not_permitted', 'the app is not released: it may reach only registered numbers', SMS_COMPONENT),
  row('112311-112313', 'forbidden', 'a parameter of a text message', SMS_COMPONENT),
  row('112314', 'too_frequent', 'the daily limit is reached', SMS_COMPONENT),
  row('112315-112316', 'forbidden', 'a parameter of a text message', SMS_COMPONENT),
  row('112317', 'not_permitted', 'the number is on a blacklist', SMS_COMPONENT),
  row('112318-112357', 'forbidden', 'a parameter of a text message', SMS_COMPONENT),
  row('113302', 'not_permitted', 'a test app may reach only registered test numbers', SMS_CLIENT),
  row('160000-160010', 'unknown_outcome', 'the text message gateway failed', SMS_COMPONENT),
  row('160015', 'too_frequent', 'too many to one number', SMS_COMPONENT),
  row('160021-160022', 'too_frequent', 'too many to one number within a day', SMS_COMPONENT),
  row('160034', 'not_permitted', 'the number is on a blacklist', SMS_CLIENT),
  row('160038-160041', 'too_frequent', 'too many to one number, in a short time or within a day', SMS_CLIENT),
  row('160068', 'not_permitted', 'the number is on a blacklist', SMS_CLIENT),
  row('160072-160074', 'not_permitted', 'the number is on a blacklist', SMS_CLIENT),
  row('161000-161108', 'unknown_outcome', 'the text message gateway failed', SMS_COMPONENT),
  row('172001-172003', 'unknown_outcome', 'the vendor’s client got no reply, or could not read it', VENDOR_SDK),
  row('172004-172013', 'forbidden', 'the vendor’s client was not configured', VENDOR_SDK),
];

/**
 * For unlisted codes. They are definite refusals, because only 000000 means that a call was accepted. Not `bad_number`
 * or `bad_account`: those would blame a number or an account without evidence. Not `provider_down` or `rate_limited`:
 * those invite a retry.
 */
export const UNLISTED: RefusalCategory = 'forbidden';

export const outcomeOf = (code: string): CodeOutcome =>
  // Digits of equal length compare as text.
  STATUS_CODES.find(({ from, to }) => code.length === from.length && code >= from && code <= to)?.outcome ?? UNLISTED;
