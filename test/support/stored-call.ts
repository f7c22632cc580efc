/** Calls without a provider: only what a test tells happens to them. */
import type { DataSource } from 'typeorm';
import { applyCallEvent, type EventToApply } from '../../src/call/apply-call-event.js';
import { newCallSid } from '../../src/call/call-sid.js';
import { CallService } from '../../src/call/call.service.js';
import { openCall, type CallToOpen } from '../../src/call/open-call.js';
import type { TestApp } from './test-app.js';
import { waitFor } from './wait-for.js';

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
  const call: CallToOpen = {
    callSid: newCallSid(new Date()),
    callerId: String(nextCaller++),
    callerPhone: '+8613900001001',
    calleeId: 'serviceLineId' in some ? null : '2000',
    serviceLineId: null,
    calleePhone: '+8613800002000',
    // Not configured, so that no sweeper asks about it: the simulator would know no such call.
    provider: 'elsewhere',
    subAccount: 'demo-1001',
    waitsForTurn: false,
    dialTimeoutSeconds: UNSWEPT,
    longestRequestedSeconds: UNSWEPT,
    ...some,
  };
  const { callSid } = await openCall(database, call);
  return { callSid, callerId: call.callerId };
};

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

/**
 * The same, and waits until the service has been notified: until then it answers with the change before, and may.
 */
export const tellAndLearn = async (
  { app, database }: Pick<TestApp, 'app' | 'database'>,
  { callSid, callerId }: StoredCall,
  type: 'ringing' | 'answered' | 'ended',
): Promise<void> => {
  await tellOf(database, callSid, { type, ...(type === 'ended' && { endReason: 'completed' }) });
  const [{ number }] = await database.query<[{ number: number }]>(
    'select changes as number from call_record where call_sid = $1',
    [callSid],
  );
  const calls = app.nest.get(CallService);
  await waitFor(`change ${number} in memory`, async () => (await calls.stateOf(callSid, callerId)).number >= number);
};
