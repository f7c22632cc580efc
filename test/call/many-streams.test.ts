/** Many streams of one process, each of its own call. The benchmark `streams` does the same with five thousand. */
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { openStream } from '../support/event-stream.js';
import { storeCall, applyEvent } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const STREAMS = 500;
/** Calls opened or changed concurrently: as many as there are connections, so that none waits for one. */
const AT_ONCE = 10;

let service: TestApp;
/** The changes are written outside the process that streams them. */
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

/** Applies an event and repeats it until it is stored, as a provider redelivers on a busy machine. */
const applyUntilStored = async (callSid: string, event: Parameters<typeof applyEvent>[2]): Promise<void> => {
  for (let isStored = false; !isStored;) {
    isStored = await applyEvent(elsewhere, callSid, event).then(
      () => true,
      () => false,
    );
  }
};

it('five hundred streams on one process each receive all changes of their call, in order', async () => {
  const calls = await forEach(Array.from({ length: STREAMS }), () => storeCall(elsewhere));
  const streams = await forEach(calls, async ({ callSid, callerId }) => {
    const authorization = `Bearer ${await service.token(callerId)}`;
    return openStream(`${service.url}/v1/app/callState/${callSid}/stream`, { authorization });
  });

  await forEach(calls, ({ callSid }) => applyUntilStored(callSid, { type: 'answered' }));
  await forEach(calls, ({ callSid }) => applyUntilStored(callSid, { type: 'ended', endReason: 'completed' }));
  await Promise.all(streams.map(({ ended }) => ended));

  const received = streams.map(({ events }) => events.map(({ change: { data } }) => `${data.callSid} ${data.number}`));
  expect(received).toEqual(calls.map(({ callSid }) => [1, 2, 3].map((number) => `${callSid} ${number}`)));
});
