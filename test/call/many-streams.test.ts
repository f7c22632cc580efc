/** Streams of one process, each of a call of its own. The bench's `streams` holds five thousand of them, and counts as this does. */
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { openStream } from '../support/event-stream.js';
import { storeCall, tellOf } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const STREAMS = 500;
/** How many are opened or told of at once: as many as there are connections, so that nobody waits for one. */
const AT_ONCE = 10;

let service: TestApp;
/** Where the changes come from is no part of the process that tells of them. */
let elsewhere: DataSource;

beforeAll(async () => {
  service = await startTestApp();
  elsewhere = await new DataSource(dataSourceOptions(service.config.databaseUrl ?? '', AT_ONCE)).initialize();
});
afterAll(async () => {
  await elsewhere.destroy();
  await service.close();
});

const forEach = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  for (let first = 0; first < items.length; first += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(first, first + AT_ONCE).map(work))));
  }
  return results;
};

/** As a provider does: what was not taken, on a machine that had no time for it, is told again. */
const tell = async (callSid: string, event: Parameters<typeof tellOf>[2]): Promise<void> => {
  for (let isTaken = false; !isTaken;) {
    isTaken = await tellOf(elsewhere, callSid, event).then(
      () => true,
      () => false,
    );
  }
};

it('five hundred streams on one process each get all changes of their call, in order', async () => {
  const calls = await forEach(Array.from({ length: STREAMS }), () => storeCall(elsewhere));
  const streams = await forEach(calls, async ({ callSid, callerId }) => {
    const authorization = `Bearer ${await service.token(callerId)}`;
    return openStream(`${service.url}/v1/app/callState/${callSid}/stream`, { authorization });
  });

  await forEach(calls, ({ callSid }) => tell(callSid, { type: 'answered' }));
  await forEach(calls, ({ callSid }) => tell(callSid, { type: 'ended', endReason: 'completed' }));
  await Promise.all(streams.map(({ ended }) => ended));

  const told = streams.map(({ events }) => events.map(({ change: { data } }) => `${data.callSid} ${data.number}`));
  expect(told).toEqual(calls.map(({ callSid }) => [1, 2, 3].map((number) => `${callSid} ${number}`)));
}, 120_000);
