/** A call to which only what a test tells happens. */
import { CallService } from '../../src/call/call.service.js';
import { newCallSid } from '../../src/call/call-sid.js';
import { openCall } from '../../src/call/open-call.js';
import type { EntityManager } from 'typeorm';
import type { TestApp } from './test-app.js';

let nextCaller = 900_000;

export const openTestCall = async ({
  database,
}: {
  readonly database: Pick<EntityManager, 'query'>;
}): Promise<string> => {
  const { callSid } = await openCall(database, {
    callSid: newCallSid(new Date()),
    callerId: String(nextCaller++),
    callerPhone: '+8613900001001',
    calleeId: '2000',
    serviceLineId: null,
    calleePhone: '+8613800002000',
    provider: 'simulator',
    subAccount: 'demo-1001',
    dialTimeoutSeconds: 5,
    longestRequestedSeconds: 90,
  });
  return callSid;
};

const STEPS = ['ringing', 'answered', 'ended'] as const;

/** Change 2, 3 or 4 of a call. */
export const tellStep = async (service: Pick<TestApp, 'app'>, callSid: string, number: 2 | 3 | 4): Promise<void> => {
  const type = STEPS[number - 2]!;
  await service.app.nest.get(CallService).apply('simulator', {
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
