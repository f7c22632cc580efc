/**
 * SignalWire's Compatibility API, as its published specification describes it (docs/providers/signalwire.md). Ids are UUIDs,
 * each customer has a host, and the project's signing key signs callbacks.
 */
import { basicAuthorization, firstError, pathUnder, prefixedAccount, UUID, within, type Dialect } from './dialect.js';
import { code, type ErrorCodes } from './error-codes.js';
import { faultOfSize, isSignedWithToken, type SignatureKeys, type SignedCallback } from './signature.js';

/** From SignalWire's list of errors (signalwire.com/docs/compatibility-api/rest/error-codes): some differ from Twilio's. */
export const SIGNALWIRE_ERROR_CODES: ErrorCodes = {
  4001: code('no_funds', 'the balance does not cover the call'),
  10000: code('forbidden', 'an argument is invalid, or the call is over'),
  10001: code('bad_account', 'the space may not do this'),
  10004: code('bad_account', 'the subproject does not belong to the project'),
  20003: code('bad_account', 'the token is wrong, or the feature is blocked'),
  20010: code('bad_account', 'the account may not do this'),
  20404: code('bad_account', 'no such resource; of a dial, no such project'),
  20429: code('rate_limited', 'too many requests'),
  21210: code('forbidden', 'the caller number is neither bought nor verified'),
  21211: code('bad_number', 'the number to call is missing or invalid'),
  21212: code('forbidden', 'the caller number is invalid'),
  21213: code('forbidden', 'the caller number is missing'),
  21217: code('bad_number', 'the number does not look valid'),
  21219: code('not_permitted', 'a limit of the account, or a trial calls verified numbers only'),
};

/** The first also if the call is over, or a cancel comes after the answer. */
const INVALID_ARGUMENT = 10000;
const NOT_IN_PROGRESS = 21220;
const NO_SUCH_RESOURCE = 20404;

const ACCOUNTS = '/api/laml/2010-04-01/Accounts';

const faultOfSignature = (callback: SignedCallback, { signingKeys }: SignatureKeys): string | null => {
  const tooLong = faultOfSize(callback);
  if (tooLong !== null) return tooLong;
  return signingKeys.some((key) => isSignedWithToken(callback, key, 'x-signalwire-signature'))
    ? null
    : 'X-SignalWire-Signature does not fit; is PUBLIC_URL the address that SignalWire sees?';
};

export const SIGNALWIRE: Dialect = {
  name: 'signalwire',
  company: 'SignalWire',
  apiUrl: null,
  accountId: UUID,
  callId: UUID,
  accountHint: 'its id must be SIGNALWIRE_PROJECT_ID, and its secret one of that project’s API tokens',
  hasSubAccounts: false,
  packageAccount: prefixedAccount,
  wireRequest: ({ path, query, user, secret, form }) => ({
    path: pathUnder(ACCOUNTS, path),
    query,
    headers: { Authorization: basicAuthorization(user, secret) },
    body: form && form.toString(),
  }),
  errorBody: firstError(NO_SUCH_RESOURCE),
  errorCodes: SIGNALWIRE_ERROR_CODES,
  noSuchCall: NO_SUCH_RESOURCE,
  invalidCallState: [INVALID_ARGUMENT, NOT_IN_PROGRESS],
  fetchesAccount: true,
  repliesWithId: true,
  recordsParents: true,
  searches: (startedAfter) => [{ startTimeAfter: startedAfter }, { status: 'queued' }, { status: 'ringing' }],
  cancelsUnanswered: true,
  withinLimits: (plan) => ({
    ...plan,
    ringCallerSeconds: within(plan.ringCallerSeconds, 1, 600),
    ringCalleeSeconds: within(plan.ringCalleeSeconds, 5, 600),
  }),
  // Its documents name no language of the default voice but English, and this Chinese voice.
  asks: { chinese: { voice: 'gcloud.cmn-CN-Standard-D' }, english: { language: 'en-US' }, tellsNoKey: true },
  urlFragment: '',
  // The seal itself is the proof: it binds a call to its URL.
  sealed: () => 'signalwire',
  faultOfSignature,
  sipCodeField: 'SipResultCode',
  legBTellsNoAnswer: false,
};
