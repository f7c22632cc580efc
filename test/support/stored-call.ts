/** Calls without a provider: only what a test tells happens to them. */
import type { DataSource } from 'typeorm';
import { applyCallEvent, type EventToApply } from '../../src/call/record/apply-call-event.js';
import { newCallSid } from '../../src/call/record/call-sid.js';
import { CallRecorder } from '../../src/call/call-recorder.js';
import { openCall, type CallToOpen } from '../../src/call/record/open-call.js';
import type { TestApp } from './test-app.js';

/** Seconds; longer than any test. */
const UNSWEPT = 14_400;
export const LONGEST_STAYS = [UNSWEPT, UNSWEPT, UNSWEPT];

/** Callers whom no directory knows, each in one call at most. */
let nextCaller = 700_000;

export interface StoredCall {
  readonly callSid: string;
  readonly callerId: string;
}

export const storeCall = async (database: DataSource, some: Partial<CallToOpen> = {}): Promise<StoredCall> => {
  const call = callToOpen(some);
  const { callSid } = await openCall(database, call);
  return { callSid, callerId: call.callerId };
};

export const callToOpen = (some: Partial<CallToOpen> = {}): CallToOpen => ({
  callSid: newCallSid(new Date()),
  callerId: String(nextCaller++),
  callerPhone: '+8613900001001',
  calleeId: 'serviceLineId' in some ? null : '2000',
  serviceLineId: null,
  calleePhone: '+8613800002000',
  // Not configured, so that no sweeper asks about it: the simulator would know no such call.
  provider: 'elsewhere',
  subAccount: 'demo-1001',
  waitsForDialSlot: false,
  dialTimeoutSeconds: UNSWEPT,
  longestRequestedSeconds: UNSWEPT,
  ...some,
});

/** By a provider, and by the database's clock, unless it is said otherwise. */
export const tellOf = (
  database: DataSource,
  callSid: string,
  event: Partial<EventToApply> & Pick<EventToApply, 'type'>,
) =>
  applyCallEvent(
    database,
    { provider: 'simulator', eventId: `${callSid}:${event.type}`, callSid, occurredAt: null, ...event },
    LONGEST_STAYS,
  );

/** The same, told to the service, which knows it at once. */
export const tellAndLearn = async (
  { app }: Pick<TestApp, 'app'>,
  { callSid }: StoredCall,
  type: 'ringing' | 'answered' | 'ended',
): Promise<void> => {
  await app.nest.get(CallRecorder).apply('simulator', {
    eventId: `${callSid}:${type}`,
    callSid,
    providerCallId: null,
    type,
    occurredAt: new Date(),
    ...(type === 'ended' && { endReason: 'completed' as const }),
  });
};
