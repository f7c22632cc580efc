import { basicAuthorization, type Dialect } from './dialect.js';
import { INVALID_CALL_STATE, ERROR_CODES, NO_SUCH_RESOURCE } from './error-codes.js';
import { faultOfTwilioSignature } from './signature.js';

/** Twilio itself. */
export const TWILIO: Dialect = {
  name: 'twilio',
  company: 'Twilio',
  apiUrl: 'https://api.twilio.com',
  accountId: 'AC[0-9a-fA-F]{32}',
  callId: 'CA[0-9a-fA-F]{32}',
  accountHint: 'its id must begin with AC, and its auth token must not be empty',
  hasSubAccounts: true,
  packageAccount: (accountSid) => accountSid,
  wireRequest: ({ path, query, user, secret, form }) => ({
    path,
    query,
    headers: { Authorization: basicAuthorization(user, secret) },
    body: form && form.toString(),
  }),
  errorBody: (_, body) => body,
  errorCodes: ERROR_CODES,
  noSuchCall: NO_SUCH_RESOURCE,
  invalidCallState: [INVALID_CALL_STATE],
  fetchesAccount: true,
  repliesWithId: true,
  recordsParents: true,
  // Twilio filters by start time. A call that is not dialled yet has none, and for a ringing one this is not
  // documented. So both are requested by status as well.
  searches: (startedAfter) => [{ startTimeAfter: startedAfter }, { status: 'queued' }, { status: 'ringing' }],
  cancelsUnanswered: true,
  withinLimits: (plan) => plan,
  asks: { chinese: { language: 'zh-CN' }, english: { language: 'en-US' }, tellsNoKey: true },
  // Three more attempts after any failure. By default Twilio retries only if it could not connect, and an event during
  // a database outage would be lost.
  urlFragment: '#rc=3&rp=all',
  // Twilio signs with the auth token of the account that owns the call.
  sealed: (authToken) => authToken,
  faultOfSignature: faultOfTwilioSignature,
  sipCodeField: 'SipResponseCode',
  legBTellsNoAnswer: false,
};
