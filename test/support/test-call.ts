/** A call to which only the test applies events. */
import { CallRecorder } from '../../src/call/call-recorder.js';
import { callToOpen, ELSEWHERE, storeCall } from './stored-call.js';
import type { TestApp } from './test-app.js';

/** With an app, the call's first change is published; without one, it is only stored. */
export const openTestCall = async ({ database, app }: Pick<TestApp, 'database'> & Partial<TestApp>): Promise<string> =>
  app ? (await app.nest.get(CallRecorder).open(callToOpen())).callSid : (await storeCall(database)).callSid;

const STEPS = ['ringing', 'answered', 'ended'] as const;

/** Applies and publishes change 2, 3 or 4 of a call. */
export const publishStep = async (service: Pick<TestApp, 'app'>, callSid: string, number: 2 | 3 | 4): Promise<void> => {
  const type = STEPS[number - 2]!;
  await service.app.nest.get(CallRecorder).apply(ELSEWHERE, {
    callSid,
    eventId: `${callSid}:${type}`,
    providerCallId: null,
    type,
    occurredAt: new Date(),
    ...(type === 'ended' && { endReason: 'completed' as const }),
  });
};

/** A call from its request to its end: four changes. */
export const endedTestCall = async (service: Pick<TestApp, 'app' | 'database'>): Promise<string> => {
  const callSid = await openTestCall(service);
  for (const number of [2, 3, 4] as const) await publishStep(service, callSid, number);
  return callSid;
};
