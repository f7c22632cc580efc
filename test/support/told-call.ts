/** A call to which only what a test tells happens. */
import { CallRecorder } from '../../src/call/call-recorder.js';
import { callToOpen, ELSEWHERE, storeCall } from './stored-call.js';
import type { TestApp } from './test-app.js';

/** Published, where there is a service that does. */
export const openTestCall = async ({ database, app }: Pick<TestApp, 'database'> & Partial<TestApp>): Promise<string> =>
  app ? (await app.nest.get(CallRecorder).open(callToOpen())).callSid : (await storeCall(database)).callSid;

const STEPS = ['ringing', 'answered', 'ended'] as const;

/** Change 2, 3 or 4 of a call. */
export const tellStep = async (service: Pick<TestApp, 'app'>, callSid: string, number: 2 | 3 | 4): Promise<void> => {
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

/** Opened, and told of to its end: four changes. */
export const wholeTestCall = async (service: Pick<TestApp, 'app' | 'database'>): Promise<string> => {
  const callSid = await openTestCall(service);
  for (const number of [2, 3, 4] as const) await tellStep(service, callSid, number);
  return callSid;
};
