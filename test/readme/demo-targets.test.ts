/** The table of demo users in docs/quick-start.md: a call to each target has the end reason of the table. */
import { readFile } from 'node:fs/promises';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

interface DemoTarget {
  readonly userId: string;
  readonly what: string;
  readonly endReason: string;
}

const demoTargets = async (): Promise<DemoTarget[]> => {
  const page = await readFile('docs/quick-start.md', 'utf8');
  return [...page.matchAll(/^\| (20\d\d) \| (.*) \| (\w+).* \|$/gm)].map(
    ([, userId = '', what = '', endReason = '']) => ({ userId, what, endReason }),
  );
};

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({
    environment: { SIMULATOR_SPEED: '50', DIAL_TIMEOUT: '0.3', SWEEP_EVERY: '0.1' },
  });
});
afterAll(() => service.close());

/** Also finds a call that was refused, because its caller gets no callSid. */
const callOf = async (callerId: string) => {
  const [call] = await service.database.query<{ callSid: string; state: number }[]>(
    'select call_sid as "callSid", state from call_records where caller_id = $1',
    [callerId],
  );
  return call;
};

it('a call to each demo user ends as the page says', async () => {
  const targets = await demoTargets();
  const callerOf = (index: number): string => String(1004 + index);

  await Promise.all(targets.map(({ userId }, index) => service.ask(callerOf(index), `call/${userId}`)));
  // The sweeper checks a failed dial after some seconds. Here it does so at once.
  await service.database.query('update call_records set sweep_at = now() where provider_call_id is null and state = 1');
  const endings = await Promise.all(
    targets.map(async ({ userId, what }, index) => {
      const callerId = callerOf(index);
      const callSid = (await callOf(callerId))?.callSid ?? '';
      await waitFor(`the end of the call to ${userId}`, async () => {
        const state = (await callOf(callerId))?.state;
        if (state === 3 && what.includes('canceled')) await service.ask(callerId, `callCancel/${callSid}`);
        return state === 4;
      });
      const reply = await service.admin('GET', `calls/${callSid}`);
      return { userId, what, endReason: ((await reply.json()) as { endReason: string }).endReason };
    }),
  );

  expect(targets.map(({ userId }) => userId)).toEqual(Array.from({ length: 14 }, (_, index) => String(2000 + index)));
  expect(endings).toEqual(targets);
});
