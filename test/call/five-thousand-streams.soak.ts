/** As many as one process may have to tell at a time, each with a call of its own. Not in npm test yet: on a busy machine it fails. */
import { openStream, type OpenStream } from '../support/event-stream.js';
import { storeCall, tellOf } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const STREAMS = 5_000;
/** How many are opened or told of at once: enough to be quick, too few to time out. */
const AT_ONCE = 50;

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const forEach = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  for (let first = 0; first < items.length; first += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(first, first + AT_ONCE).map(work))));
  }
  return results;
};

it('five thousand streams on one process each get all changes of their call, in order', async () => {
  const calls = await forEach(Array.from({ length: STREAMS }), () => storeCall(service.database));
  const streams = await forEach(calls, async ({ callSid, callerId }): Promise<OpenStream> => {
    const authorization = `Bearer ${await service.token(callerId)}`;
    // A busy process may refuse; whoever wants a stream asks again, as a browser does.
    return waitFor('a stream', async () => {
      const stream = await openStream(`${service.url}/v1/app/callState/${callSid}/stream`, { authorization });
      return stream.response.headers['content-type']?.startsWith('text/event-stream') && stream;
    });
  });

  await forEach(calls, ({ callSid }) => tellOf(service.database, callSid, { type: 'ringing' }));
  await forEach(calls, ({ callSid }) => tellOf(service.database, callSid, { type: 'answered' }));
  await forEach(calls, ({ callSid }) => tellOf(service.database, callSid, { type: 'ended', endReason: 'completed' }));
  await Promise.all(streams.map(({ ended }) => ended));

  const told = streams.map(({ events }, index) =>
    events.filter(({ change }) => change.data.callSid === calls[index]?.callSid).map(({ id }) => id),
  );
  expect(told).toEqual(calls.map(() => ['1', '2', '3', '4']));
}, 180_000);
