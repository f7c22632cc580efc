/** CONFIRM_CALLER with Twilio through the whole service: the key's request reaches it, and its reply dials leg B. */
import { placeCall } from '../support/placed-call.js';
import { startTwilioService, type TwilioService } from '../support/twilio-service.js';
import { waitFor } from '../support/wait-for.js';

let telephony: TwilioService;

beforeAll(async () => {
  telephony = await startTwilioService({ CONFIRM_CALLER: '10' });
});
afterAll(() => telephony.close());

it('a caller who presses 1 talks to the callee', async () => {
  const callSid = await placeCall(telephony.service, await telephony.user(), '2000');

  const call = await waitFor('the end', async () => {
    const [row] = await telephony.service.database.query<{ endReason: string | null; types: string[] }[]>(
      `select end_reason as "endReason", array(select type from call_event where call_sid = $1) as types
       from call_record where call_sid = $1 and state = 4`,
      [callSid],
    );
    return row;
  });

  expect(call).toMatchObject({
    endReason: 'completed',
    types: expect.arrayContaining(['caller_answered', 'answered']),
  });
  expect(telephony.twilio.applicationErrors).toEqual([]);
});
