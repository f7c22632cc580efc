/** The second witness of our requests to Twilio must be able to object. */
import { request } from 'undici';
import { ACCOUNTS, CALLER_NUMBER, TENANT } from '../support/twilio-call.js';
import { faultOfRequest } from '../support/twilio-request-check.js';
import { startTwilioServer } from '../support/twilio-server.js';

const ACCOUNT = `/2010-04-01/Accounts/${TENANT.externalId}`;
const CALLS = `${ACCOUNT}/Calls.json`;
const CALL = `${ACCOUNT}/Calls/CA${'1'.repeat(32)}.json`;
const NEW_CALL = 'To=%2B8613800001001&From=%2B15005550006';

const faultOf = (method: string, target: string, body = '', contentType = 'application/x-www-form-urlencoded') =>
  faultOfRequest({ method, url: new URL(target, 'https://api.twilio.com'), contentType, body });

it.each([
  ['GET', `${ACCOUNT}.json`, ''],
  ['GET', CALL, ''],
  ['GET', `${CALLS}?Status=ringing&To=95588&StartTime%3E=2026-11-25T05:00:00.000Z&PageSize=1000`, ''],
  ['POST', CALLS, `${NEW_CALL}&Timeout=30&StatusCallbackEvent=initiated&StatusCallbackEvent=ringing`],
  ['POST', CALLS, `${NEW_CALL}&StatusCallbackEvent=answered&Twiml=%3CResponse%2F%3E&Record=true`],
  ['POST', CALL, 'Status=completed'],
])('%s %s with the body “%s” fits Twilio’s OpenAPI document', (method, target, body) => {
  expect(faultOf(method, target, body)).toBeNull();
});

it.each([
  ['an unknown operation', 'POST', `${ACCOUNT}/Messages.json`, NEW_CALL],
  ['another method', 'DELETE', CALL, ''],
  ['an account’s sid that is none', 'GET', '/2010-04-01/Accounts/AC12.json', ''],
  ['a call’s sid of another kind', 'GET', CALL.replace('/CA', '/CF'), ''],
  ['an unknown filter', 'GET', `${CALLS}?Direction=inbound`, ''],
  ['an unknown status', 'GET', `${CALLS}?Status=initiated`, ''],
  ['a time that is none', 'GET', `${CALLS}?StartTime%3E=yesterday`, ''],
  ['too large a page', 'GET', `${CALLS}?PageSize=1001`, ''],
  ['a filter that is given twice', 'GET', `${CALLS}?To=95588&To=95599`, ''],
  ['a body where there is none', 'GET', CALLS, NEW_CALL],
  ['no To', 'POST', CALLS, 'From=%2B15005550006'],
  ['an unknown field', 'POST', CALLS, `${NEW_CALL}&Colour=red`],
  ['a field in lower case', 'POST', CALLS, `${NEW_CALL}&timeout=30`],
  ['a number that is none', 'POST', CALLS, `${NEW_CALL}&Timeout=30s`],
  ['a truth value that is none', 'POST', CALLS, `${NEW_CALL}&Record=yes`],
  ['an unknown event', 'POST', CALLS, `${NEW_CALL}&StatusCallbackEvent=hung-up`],
  ['events in one text', 'POST', CALLS, `${NEW_CALL}&StatusCallbackEvent=initiated%20ringing`],
  ['a URL that is none', 'POST', CALLS, `${NEW_CALL}&StatusCallback=calls.example.com`],
  ['another status to set', 'POST', CALL, 'Status=busy'],
  ['a field in the query', 'POST', `${CALL}?Status=completed`, ''],
])('a request with %s does not fit', (_, method, target, body) => {
  expect(faultOf(method, target, body)).not.toBeNull();
});

it('a body that is no form does not fit', () => {
  expect(faultOf('POST', CALLS, '{"To":"95588"}', 'application/json')).toMatch(/form/);
});

it('a test fails when its test server received a request that does not fit', async () => {
  const server = await startTwilioServer({ accounts: ACCOUNTS, callerNumbers: [CALLER_NUMBER], speed: 1 });
  server.answerNext(200, '{}');
  await request(`${server.url}${CALLS}?Direction=inbound`).then(({ body }) => body.dump());

  await expect(server.close()).rejects.toThrow(/ListCall.*additional properties/);
});
