import { placeCall } from '../support/placed-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;

beforeAll(async () => {
  // Script 08 does not reply to the dial. Its caller waits for the whole DIAL_TIMEOUT, and events arrive in this time.
  service = await startTestApp({ environment: { DIAL_TIMEOUT: '3', SIMULATOR_SPEED: '100' } });
});
afterAll(() => service.close());

it('an event that arrives before the reply to the dial is matched to its call by the callSid', async () => {
  let replied = false;
  const placed = placeCall(service, '1004', '2008').finally(() => (replied = true));

  const state = await waitFor('the end of the call', async () => {
    const [call] = await service.database.query<{ state: number }[]>(
      'select state from call_records where caller_id = 1004 and state = 4',
    );
    return call?.state;
  });

  expect({ state, replied }).toEqual({ state: 4, replied: false });
  const callSid = await placed;
  expect((await service.ask('1004', `callState/${callSid}`)).data).toEqual({ stateType: '4' });
});
