/**
 * Telnyx's TeXML, as its OpenAPI document describes it (TeXML Calls API 2.0.0, docs/providers/telnyx.md). Other than at
 * Twilio:
 * - A dial is JSON and needs a TeXML application. Its reply has no id of the call.
 * - A record does not tell which call has dialled it, so leg B cannot be found.
 * - The only order is `completed`, in any state of a call.
 */
import { firstError, pathUnder, prefixedAccount, UUID, within, type ApiRequest, type Dialect } from './dialect.js';
import { code, type ErrorCodes } from './error-codes.js';
import { faultOfTelnyxSignature } from './telnyx-signature.js';

/**
 * From Telnyx's list of API errors (developers.telnyx.com/development/api-fundamentals/api-errors), and from 20002 on, its
 * article on message errors (support.telnyx.com 6505121). A refusal whose code is no number has its HTTP status as code.
 */
export const TELNYX_ERROR_CODES: ErrorCodes = {
  402: code('no_funds', 'the account has no funds'),
  10002: code('bad_number', 'the number is invalid'),
  10005: code('bad_account', 'no such resource; of a dial, no such account'),
  10009: code('bad_account', 'the API key is wrong'),
  10010: code(
    'not_permitted',
    'not permitted: the country is not in the outbound voice profile, or the key lacks rights',
  ),
  10011: code('rate_limited', 'too many requests'),
  10016: code('bad_number', 'the number is not in the form +E.164'),
  20002: code('bad_account', 'the API key is revoked'),
  20012: code('no_funds', 'the account is inactive, mostly for lack of funds'),
  20013: code('bad_account', 'the account is blocked'),
  20014: code('not_permitted', 'the account is not verified'),
  20016: code('not_permitted', 'the account is not verified at level 1'),
  20017: code('not_permitted', 'the account is not verified at level 2'),
  20100: code('no_funds', 'the account has no funds'),
};

const NO_SUCH_RESOURCE = 10005;
/** “This call is no longer active”, as Telnyx answers commands for such a call. */
const CALL_IS_OVER = 90018;

const ACCOUNTS = '/v2/texml/Accounts';
const CALLS = /\/Calls$/;

const wireRequest = (applicationSid: string, { path: packagePath, query, secret, form }: ApiRequest) => {
  // The path of a next page is Telnyx's own, and has an ending.
  const path = packagePath.startsWith(ACCOUNTS) ? packagePath : pathUnder(ACCOUNTS, packagePath).replace(/\.json$/, '');
  const isDial = form !== null && CALLS.test(path);
  return {
    path,
    query: new URLSearchParams([...query].map(([name, value]) => filterOf(name, value))),
    headers: { Authorization: `Bearer ${secret}`, ...(isDial && { 'Content-Type': 'application/json' }) },
    body: isDial ? JSON.stringify(dialBody(applicationSid, form)) : form && form.toString(),
  };
};

const DAY_MS = 24 * 60 * 60 * 1000;

/** Telnyx filters by day, and only by later days. */
const filterOf = (name: string, value: string): [string, string] => {
  if (name !== 'StartTime>') return [name, value];
  return ['StartTime_gt', new Date(Date.parse(value) - DAY_MS).toISOString().slice(0, 10)];
};

const dialBody = (applicationSid: string, form: URLSearchParams): Readonly<Record<string, string | number>> => {
  const { Twiml: texml = '', Timeout: timeout, ...others } = Object.fromEntries(form);
  return {
    ...others,
    ApplicationSid: applicationSid,
    Texml: texml,
    Timeout: Number(timeout),
    StatusCallbackEvent: form.getAll('StatusCallbackEvent').join(' '),
  };
};

export const telnyxDialect = (applicationSid: string): Dialect => ({
  name: 'telnyx',
  company: 'Telnyx',
  apiUrl: 'https://api.telnyx.com',
  accountId: UUID,
  // A call control id, which is opaque; so far `v3:…`.
  callId: '[\\w:=-]{8,200}',
  accountHint: 'its id must be TELNYX_ACCOUNT_SID, and its secret one of that account’s API keys',
  hasSubAccounts: false,
  packageAccount: prefixedAccount,
  wireRequest: (request) => wireRequest(applicationSid, request),
  errorBody: firstError(NO_SUCH_RESOURCE),
  errorCodes: TELNYX_ERROR_CODES,
  noSuchCall: NO_SUCH_RESOURCE,
  invalidCallState: [CALL_IS_OVER],
  fetchesAccount: false,
  repliesWithId: false,
  recordsParents: false,
  // It is not documented whether a call has a start time before it is answered, or in which order calls are listed.
  searches: (startedAfter) => [{ startTimeAfter: startedAfter }, {}],
  cancelsUnanswered: false,
  withinLimits: (plan) => ({
    ...plan,
    ringCallerSeconds: within(plan.ringCallerSeconds, 5, 120),
    ringCalleeSeconds: within(plan.ringCalleeSeconds, 5, 120),
    longestTalkSeconds: within(plan.longestTalkSeconds, 60, 14_400),
    answerOnBridge: false,
  }),
  // Its voices `man` and `woman` speak only English.
  asks: { chinese: { voice: 'Polly.Zhiyu-Neural' }, english: { voice: 'woman' }, tellsNoKey: false },
  urlFragment: '',
  // The seal itself is the proof: it binds a call to its URL. Telnyx's key is public.
  sealed: () => 'telnyx',
  faultOfSignature: faultOfTelnyxSignature,
  sipCodeField: 'SipHangupCause',
  legBTellsNoAnswer: true,
});
