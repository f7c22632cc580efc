/** Calls without a provider: only the test applies events to them. */
import { DataSource } from 'typeorm';
import { applyCallEvent, type EventToApply } from '../../src/call/record/apply-call-event.js';
import { newCallSid } from '../../src/call/record/call-sid.js';
import { CallRecorder } from '../../src/call/call-recorder.js';
import { openCall, type CallLimits, type CallToOpen } from '../../src/call/record/open-call.js';
import type { TestApp } from './test-app.js';

/** Seconds; longer than any test. */
const UNSWEPT = 14_400;
export const LONGEST_STAYS = [UNSWEPT, UNSWEPT, UNSWEPT];

/** A provider that is not configured. So no sweeper asks about its calls, which the simulator does not know. */
export const ELSEWHERE = 'elsewhere';

/** Caller ids that are not in the directory. Each caller has at most one call. */
let nextCaller = 700_000;

export const NO_LIMITS: CallLimits = {
  perCaller: [],
  calleesPerCaller: [],
  perCallee: [],
  oneCallPerCallee: false,
  lineCallsAtOnce: null,
};

export interface StoredCall {
  readonly callSid: string;
  readonly callerId: string;
}

export const storeCall = async (database: DataSource, some: Partial<CallToOpen> = {}): Promise<StoredCall> => {
  const call = callToOpen(some);
  const { callSid } = await openCall(database, call);
  return { callSid, callerId: call.callerId };
};

let lastRequest = 0;

/**
 * A callSid that sorts behind all that were made here before. Two calls of one millisecond sort by their random digits,
 * and a test stores two in less than that.
 */
export const laterCallSid = (): string => {
  lastRequest = Math.max(Date.now(), lastRequest + 1);
  return newCallSid(new Date(lastRequest));
};

export const callToOpen = (some: Partial<CallToOpen> = {}): CallToOpen => ({
  callSid: laterCallSid(),
  callerId: String(nextCaller++),
  callerPhone: '+8613900001001',
  calleeId: 'serviceLineId' in some ? null : '2000',
  serviceLineId: null,
  calleePhone: '+8613800002000',
  route: '',
  provider: ELSEWHERE,
  subAccount: 'demo-1001',
  waitsForDialSlot: false,
  dialTimeoutSeconds: UNSWEPT,
  longestRequestedSeconds: UNSWEPT,
  ...some,
});

/** Stores an event in the database only. Defaults: the call's provider, the database's clock. */
export const applyEvent = async (
  database: DataSource,
  callSid: string,
  event: Partial<EventToApply> & Pick<EventToApply, 'type'>,
) =>
  applyCallEvent(
    database,
    {
      provider: await providerOf(database, callSid),
      eventId: `${callSid}:${event.type}`,
      callSid,
      occurredAt: null,
      ...event,
    },
    LONGEST_STAYS,
  );

const providerOf = async (database: DataSource, callSid: string): Promise<string> => {
  const [call] = await database.query<{ provider: string }[]>('select provider from call_records where call_sid = $1', [
    callSid,
  ]);
  return call?.provider ?? ELSEWHERE;
};

/** Applies an event through the service, which caches and publishes the change at once. */
export const publishEvent = async (
  { app }: Pick<TestApp, 'app'>,
  { callSid }: StoredCall,
  type: 'ringing' | 'answered' | 'ended',
): Promise<void> => {
  await app.nest.get(CallRecorder).apply(await providerOf(app.nest.get(DataSource), callSid), {
    eventId: `${callSid}:${type}`,
    callSid,
    providerCallId: null,
    type,
    occurredAt: new Date(),
    ...(type === 'ended' && { endReason: 'completed' as const }),
  });
};

/** Stores the next event of a call's course. A call that ends was completed. */
export const applyStep = (database: DataSource, callSid: string, type: 'ringing' | 'answered' | 'ended') =>
  applyEvent(database, callSid, { type, ...(type === 'ended' && { endReason: 'completed' as const }) });

/** Ends all open calls without an event, so nobody is told. */
export const endOpenCalls = (database: DataSource): Promise<unknown> =>
  database.query(
    `update call_records set state = 4, end_reason = 'lost', ended_by = 'sweeper', ended_at = now() where state < 4`,
  );
