/** A change has the same number and the same bytes in every API (test/delivery tests the outgoing webhook). */
import { openStream } from '../support/event-stream.js';
import { placeCall } from '../support/placed-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { SIMULATOR_SPEED: '50' } });
});
afterAll(() => service.close());

/** The text between the brackets of `"changes":[…]`, which is sent as it is stored. */
const changesIn = (body: string): string => /"changes":\[(.*)\]\},"returnCode"/.exec(body)?.[1] ?? '';

it.each(['2000', '2001', '2010', '2011', '2012'])(
  'stream, long poll and timeline of a call to %s have the same bytes under the same numbers',
  async (target) => {
    const callerId = String(Number(target) - 2000 + 1004);
    const callSid = await placeCall(service, callerId, target);
    const token = await service.token(callerId);
    const path = `${service.url}/v1/app/callState/${callSid}`;

    const stream = await openStream(`${path}/stream?access_token=${token}`, { 'last-event-id': '0' });
    await stream.ended;
    // A webhook that amends the record may still be in flight.
    await waitFor('every event', async () => {
      const [row] = await service.database.query<{ complete: boolean }[]>(
        `select count(*) filter (where type = 'caller_answered') = 1 and count(*) filter (where type = 'ended') = 1
           as complete
         from call_events where call_sid = $1`,
        [callSid],
      );
      return row?.complete;
    });
    const polled = changesIn(await (await fetch(`${path}?afterNumber=0&access_token=${token}`)).text());
    const timeline = await (await service.admin('GET', `calls/${callSid}`)).text();

    const streamed = stream.events.map(({ bytes }) => bytes);
    expect(streamed.length).toBeGreaterThan(1);
    expect(polled.startsWith(streamed.join(','))).toBe(true);
    for (const bytes of streamed) expect(timeline).toContain(`"change":${bytes}`);
    const numbers = [...polled.matchAll(/"number":(\d+)/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  },
);
