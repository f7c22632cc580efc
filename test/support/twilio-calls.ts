/** The calls of the test server: two legs, their states, and their callbacks. */
import { randomBytes } from 'node:crypto';
import { readDial, readHangUp, type DialInstruction, type GatherInstruction } from './twilio-twiml.js';

export type Status = 'queued' | 'ringing' | 'in-progress' | 'completed' | 'busy' | 'no-answer' | 'canceled' | 'failed';

export interface Leg {
  readonly sid: string;
  readonly accountSid: string;
  readonly parentSid: string | null;
  readonly to: string;
  readonly from: string;
  readonly statusCallback: string | null;
  readonly statusCallbackEvents: readonly string[];
  readonly createdAt: Date;
  status: Status;
  updatedAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  sequence: number;
  sipCode: number | null;
  /** The result of machine detection. */
  answeredBy: string | null;
}

/** Of a call whose caller must press a key first. */
export const NOT_YET: DialInstruction = {
  number: '',
  amdStatusCallback: null,
  whisperUrl: null,
  sendDigits: null,
  callerId: '',
  action: null,
  timeoutSeconds: 0,
  timeLimitSeconds: 0,
  records: false,
  statusCallback: null,
  statusCallbackEvents: [],
};

export interface Call {
  readonly legA: Leg;
  /** The latest of a hunt. */
  legB: Leg | null;
  /** Those that ended before the next number was dialled. */
  readonly earlierLegs: Leg[];
  dial: DialInstruction;
  /** Whether the two legs were joined. They are not during the whisper to leg B. */
  joined: boolean;
  readonly gather: GatherInstruction | null;
  readonly ringCallerSeconds: number;
  readonly machineDetection: string | null;
  readonly timers: Set<NodeJS.Timeout>;
}

/** The phase of a call by its events; `nothing` before the first event. */
export const PHASES = ['nothing', 'caller_answered', 'ringing', 'answered', 'ended'] as const;
export type Phase = (typeof PHASES)[number];

export interface CallWorld {
  /** New calls stay in this phase until an API request; undefined: they continue by their script. */
  heldAt(): Phase | undefined;
  /** The factor by which calls are faster than real time. */
  readonly speed: number;
  /** Twilio's clock, which is faster by the same factor. */
  now(): Date;
  /** Twilio may or may not request the Dial's action after leg A has hung up. */
  readonly asksActionWhenCallerLeft: boolean;
  /** What callers press when they are asked for a key, unless their number says otherwise. */
  readonly keys: string;
  /** How long leg B hears its document before the two are joined. */
  whisperSeconds(): number;
  /** Leg B's status if the caller hangs up before it is answered. */
  readonly leftUnanswered: 'no-answer' | 'canceled';
  /** Rings the number of the call's Dial. */
  dialNext(call: Call): void;
  /** @returns the body of a 2xx answer, or null */
  post(url: string, fields: Record<string, string>, accountSid: string): Promise<string | null>;
  /** The caller hears "an application error has occurred". */
  applicationError(call: Call): void;
}

const FINAL: readonly Status[] = ['completed', 'busy', 'no-answer', 'canceled', 'failed'];
export const isOver = (leg: Leg): boolean => FINAL.includes(leg.status);

export const newSid = (prefix: 'CA' | 'RE'): string => prefix + randomBytes(16).toString('hex');

export const newLeg = (
  given: Pick<Leg, 'accountSid' | 'parentSid' | 'to' | 'from' | 'statusCallback' | 'statusCallbackEvents'>,
  createdAt: Date,
): Leg => ({
  ...given,
  sid: newSid('CA'),
  status: 'queued',
  createdAt,
  updatedAt: createdAt,
  startedAt: null,
  endedAt: null,
  sequence: 0,
  sipCode: null,
  answeredBy: null,
});

export const rfc2822 = (time: Date): string => time.toUTCString().replace('GMT', '+0000');

/** The names in callbacks: `initiated` is an event, but not a status. */
const EVENT_OF: Readonly<Record<Status, string>> = {
  queued: 'initiated',
  ringing: 'ringing',
  'in-progress': 'answered',
  completed: 'completed',
  busy: 'completed',
  'no-answer': 'completed',
  canceled: 'completed',
  failed: 'completed',
};

const secondsOf = (leg: Leg): number =>
  leg.startedAt && leg.endedAt ? Math.round((leg.endedAt.getTime() - leg.startedAt.getTime()) / 1000) : 0;

const fieldsOf = (leg: Leg): Record<string, string> => ({
  AccountSid: leg.accountSid,
  ApiVersion: '2010-04-01',
  CallSid: leg.sid,
  CallStatus: leg.status === 'queued' ? 'initiated' : leg.status,
  Called: leg.to,
  Caller: leg.from,
  Direction: leg.parentSid ? 'outbound-dial' : 'outbound-api',
  From: leg.from,
  To: leg.to,
  ...(leg.parentSid && { ParentCallSid: leg.parentSid }),
});

export const progress = (world: CallWorld, call: Call, leg: Leg, status: Status, sipCode?: number): void => {
  if (isOver(leg)) return;
  leg.status = status;
  leg.updatedAt = world.now();
  leg.sipCode = sipCode ?? null;
  if (status === 'in-progress') leg.startedAt = leg.updatedAt;
  if (isOver(leg)) leg.endedAt = leg.updatedAt;
  if (!leg.statusCallback || !leg.statusCallbackEvents.includes(EVENT_OF[status])) return;
  void world.post(
    leg.statusCallback,
    {
      ...fieldsOf(leg),
      CallbackSource: 'call-progress-events',
      SequenceNumber: String(leg.sequence++),
      Timestamp: rfc2822(leg.updatedAt),
      ...(isOver(leg) && { CallDuration: String(secondsOf(leg)), Duration: String(Math.ceil(secondsOf(leg) / 60)) }),
      ...(sipCode !== undefined && { SipResponseCode: String(sipCode) }),
      ...(call.machineDetection && leg === call.legA && status === 'in-progress' && { AnsweredBy: 'human' }),
    },
    leg.accountSid,
  );
};

/** Leg B ends, then the Dial. The Dial's answer rings the next number, or ends leg A. */
export const endLegB = (world: CallWorld, call: Call, status: Status, sipCode?: number): void => {
  const { legA, legB } = call;
  if (!legB || isOver(legB)) return;
  progress(world, call, legB, status, sipCode);
  void endDial(world, call).then((answer) => {
    if (answer?.includes('<Dial') && !isOver(legA)) {
      call.dial = readDial(answer);
      world.dialNext(call);
      return;
    }
    try {
      if (answer === null) throw new Error('no answer');
      readHangUp(answer);
    } catch {
      if (!isOver(legA)) world.applicationError(call);
    }
    endLegA(world, call, 'completed');
  });
};

/** Leg A ends, by itself or by an API request, and leg B ends with it. */
export const endLegA = (world: CallWorld, call: Call, status: Status): void => {
  const { legA, legB } = call;
  if (isOver(legA)) return;
  progress(world, call, legA, status, status === 'completed' ? 200 : 487);
  for (const timer of call.timers) clearTimeout(timer);
  if (!legB || isOver(legB)) return;
  const answered = legB.status === 'in-progress';
  progress(world, call, legB, answered ? 'completed' : world.leftUnanswered, answered ? 200 : 487);
  if (world.asksActionWhenCallerLeft) void endDial(world, call);
};

/** Machine detection of leg B has a result. */
export const detect = (world: CallWorld, { dial }: Call, legB: Leg, answeredBy: string): void => {
  if (!dial.amdStatusCallback || isOver(legB)) return;
  legB.answeredBy = answeredBy;
  const { accountSid, sid } = legB;
  const fields = { AccountSid: accountSid, CallSid: sid, AnsweredBy: answeredBy, MachineDetectionDuration: '2400' };
  void world.post(dial.amdStatusCallback, fields, accountSid);
};

export const callerHangsUp = (world: CallWorld, call: Call): void => endLegA(world, call, 'completed');

const endDial = async (world: CallWorld, call: Call): Promise<string | null> => {
  const { legA, legB, dial } = call;
  if (!dial.action || !legB) return '<Response/>';
  const fields = {
    ...fieldsOf(legA),
    DialBridged: String(call.joined),
    DialCallSid: legB.sid,
    DialCallStatus: legB.status,
    ...(legB.startedAt && { DialCallDuration: String(secondsOf(legB)) }),
    ...(legB.startedAt && dial.records && { RecordingUrl: recordingUrl(legA) }),
  };
  return world.post(dial.action, fields, legA.accountSid);
};

/** Leg A has pressed a key, or none in time. @returns whether the answer dials leg B */
export const sendKeys = async (
  world: CallWorld,
  call: Call,
  { action, redirect }: GatherInstruction,
  keys: string,
): Promise<boolean> => {
  const { legA } = call;
  const answer =
    keys === '' && redirect !== null
      ? await world.post(redirect, { ...fieldsOf(legA), msg: 'Redirect' }, legA.accountSid)
      : await world.post(action, { ...fieldsOf(legA), Digits: keys, msg: 'Gather End' }, legA.accountSid);
  if (isOver(legA)) return false;
  if (answer?.includes('<Dial')) {
    call.dial = readDial(answer);
    return true;
  }
  if (answer === null) world.applicationError(call);
  else readHangUp(answer);
  endLegA(world, call, 'completed');
  return false;
};

const recordingUrl = ({ accountSid }: Leg): string =>
  `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Recordings/${newSid('RE')}`;

export const shownLeg = (leg: Leg): object => {
  const resource = `/2010-04-01/Accounts/${leg.accountSid}/Calls/${leg.sid}`;
  return {
    sid: leg.sid,
    date_created: rfc2822(leg.createdAt),
    date_updated: rfc2822(leg.updatedAt),
    parent_call_sid: leg.parentSid,
    account_sid: leg.accountSid,
    to: leg.to,
    to_formatted: leg.to,
    from: leg.from,
    from_formatted: leg.from,
    phone_number_sid: '',
    status: leg.status,
    start_time: leg.startedAt && rfc2822(leg.startedAt),
    end_time: leg.endedAt && rfc2822(leg.endedAt),
    duration: leg.endedAt && String(secondsOf(leg)),
    price: null,
    price_unit: 'USD',
    direction: leg.parentSid ? 'outbound-dial' : 'outbound-api',
    answered_by: leg.answeredBy,
    api_version: '2010-04-01',
    forwarded_from: null,
    group_sid: null,
    caller_name: null,
    queue_time: '0',
    trunk_sid: null,
    uri: `${resource}.json`,
    subresource_uris: { recordings: `${resource}/Recordings.json` },
  };
};

export const termsOf = ({ legA, ringCallerSeconds, dial }: Pick<Call, 'legA' | 'ringCallerSeconds' | 'dial'>) => ({
  ringCallerSeconds,
  ringCalleeSeconds: dial.timeoutSeconds,
  longestTalkSeconds: dial.timeLimitSeconds,
  record: dial.records,
  shownToCaller: legA.from,
  shownToCallee: dial.callerId,
});

export const phaseOf = ({
  legA,
  legB,
  joined,
}: Pick<Call, 'legA' | 'legB' | 'joined'>): 'dialling' | 'ringing' | 'whispering' | 'talking' | 'over' => {
  if (isOver(legA)) return 'over';
  if (legB?.status === 'ringing') return 'ringing';
  if (legB?.status !== 'in-progress') return 'dialling';
  return joined ? 'talking' : 'whispering';
};
