/** Twilio places a call, and its reply to the dial is lost: what is known of the call, and what can be done with it. */
import { placeCall } from '../support/placed-call.js';
import { TENANT } from '../support/twilio-call.js';
import type { Call } from '../support/twilio-calls.js';
import { startTwilioService, type TwilioService } from '../support/twilio-service.js';
import { waitFor } from '../support/wait-for.js';

const CANCELED = { data: { isSuccess: 'success' }, returnCode: 200, returnMsg: 'success' };
const DIAL_TIMEOUT = 0.5;

let telephony: TwilioService;

beforeAll(async () => {
  telephony = await startTwilioService({ DIAL_TIMEOUT: String(DIAL_TIMEOUT), SWEEP_EVERY: '3600' });
});
afterEach(async () => {
  telephony.twilio.holdAt('ended');
  // A provider that has failed ten times in a row would be left alone.
  await placeCall(telephony.service, await telephony.user(), '2001');
});
afterAll(() => telephony.close());

interface Row {
  readonly callSid: string;
  readonly providerCallId: string | null;
  readonly state: number;
  readonly endReason: string | null;
}

const callOf = async (userId: string): Promise<Row> => {
  const [row] = await telephony.service.database.query<Row[]>(
    `select call_sid as "callSid", provider_call_id as "providerCallId", state, end_reason as "endReason"
     from call_record where caller_id = $1 order by call_sid desc limit 1`,
    [userId],
  );
  return row!;
};
const ask = (userId: string, path: string) => telephony.service.ask(userId, path);
const lastAtTwilio = (): Call => [...telephony.twilio.calls.values()].at(-1)!;
const idOf = ({ legA }: Call): string => `${TENANT.externalId}/${legA.sid}`;
it('the call’s id is learned while the caller’s phone rings, and a cancel is carried out', async () => {
  telephony.twilio.holdAt('nothing');
  const user = await telephony.user();
  const callSid = await placeCall(telephony.service, user, '2008');

  await waitFor('the id', async () => (await callOf(user)).providerCallId);

  expect(await callOf(user)).toMatchObject({ callSid, providerCallId: idOf(lastAtTwilio()), state: 1 });
  expect(await ask(user, `callCancel/${callSid}`)).toEqual(CANCELED);
  expect(lastAtTwilio().legA.status).toBe('canceled');
  expect(await callOf(user)).toMatchObject({ state: 4, endReason: 'canceled' });
});
