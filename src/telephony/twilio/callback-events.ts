/**
 * Turns Twilio's callbacks into events. Pure. Each callback is read on its own, because callbacks arrive in any order
 * and at any replica.
 * The end of a call is taken from the source that knows its reason. That is leg A if it was not answered, leg B if it
 * was rung, and the Dial where leg B's status would mislead. Twilio reports leg B as `no-answer` both if the callee
 * does not answer and if the caller gives up. Only the Dial's end shows which: it says whether leg A is still
 * connected.
 */
import { isInstant } from '../../common/instant.js';
import type { LegCause, ProviderEvent } from '../telephony-provider.js';
import type { GenuineCallback } from './callback-check.js';
import type { HuntPlace } from './callback-url.js';
import { isCallSid, writeReference } from './call-reference.js';
import { isConfirmed } from './confirmation.js';
import type { Dialect } from './dialect.js';
import { endReasonOf, isFinal, readLegStatus, type LegStatus } from './end-reason.js';
import { passesOn } from './hunt.js';
import { endOfSecond, startOfSecond } from './twilio-time.js';

/** Signed by Twilio, but not readable. */
export class MalformedCallback extends Error {}

/** What the callback itself tells. */
type Callback = Omit<GenuineCallback, 'sealed'>;

export const readCallback = (dialect: Dialect, callback: Callback, receivedAt: Date): ProviderEvent[] => {
  const { accountSid, fields, source } = callback;
  if (source === 'machine') return [machineEvent(dialect, callback, receivedAt)];
  const event = {
    callSid: callback.callSid,
    providerCallId: writeReference({ accountSid, sid: sidOfLegA(dialect, callback) }),
    ...recordingOf(fields),
  };
  if (source === 'confirm') return confirmEvents(dialect, fields, receivedAt).map((fact) => ({ ...event, ...fact }));
  const ofNumber = callback.hunt && { place: callback.hunt.place };
  if (source === 'dial')
    return dialEvents(dialect, fields, receivedAt, callback.hunt).map((fact) => ({ ...event, ...ofNumber, ...fact }));
  const legs = { A: legAEvents, B: legBEvents };
  return legs[source](dialect, fields, timeOf(fields, receivedAt), callback.hunt).map((fact) => ({
    ...event,
    ...ofNumber,
    ...fact,
    detail: detailOf(dialect, source, fields, 'CallStatus'),
  }));
};

/**
 * The result of machine detection proves that leg B was answered. According to Twilio's documentation it has no time and does
 * not name leg A.
 */
const machineEvent = (dialect: Dialect, { callSid, fields, hunt }: Callback, receivedAt: Date): ProviderEvent => {
  const sid = sidIn(dialect, fields, 'CallSid');
  const answeredBy = answeredByIn(fields);
  if (answeredBy === undefined) throw new MalformedCallback('AnsweredBy is not a known result');
  return {
    eventId: `${sid}:answered-by`,
    callSid,
    providerCallId: null,
    type: 'answered',
    occurredAt: receivedAt,
    ...(hunt && { place: hunt.place }),
    detail: { leg: 'B', answeredBy },
  };
};

type Fact = Pick<ProviderEvent, 'eventId' | 'type' | 'occurredAt' | 'endReason' | 'detail' | 'causes'>;

const legAEvents = (dialect: Dialect, fields: URLSearchParams, occurredAt: Date): Fact[] => {
  const status = statusIn(fields, 'CallStatus');
  const sid = sidIn(dialect, fields, 'CallSid');
  const eventId = factId(sid, status);
  if (status === 'in-progress') return [{ eventId, type: 'caller_answered', occurredAt }];
  const sipCode = sipCodeOf(dialect, fields);
  const causes = { A: causeOf(status, dialect, fields) };
  if (status === 'completed') return [{ eventId, ...legAHasLeft(occurredAt), causes }];
  if (!isFinal(status)) return [{ eventId: acceptedFactId(sid), type: 'accepted', occurredAt }];
  return [{ eventId, type: 'ended', occurredAt, endReason: endReasonOf(status, sipCode), causes }];
};

/**
 * Leg A was answered and has ended. So the call is over, and counts as canceled unless leg B reports more. If leg B had
 * answered, the lifecycle turns this into `completed`. An earlier end of leg B outranks it.
 * Twilio's times are whole seconds, and a busy leg B ends before leg A. So leg A's end is the last instant of its
 * second, and leg B's the first.
 */
export const legAHasLeft = (endedAt: Date) =>
  ({ type: 'ended', occurredAt: endOfSecond(endedAt), endReason: 'canceled' }) as const;

const legBEvents = (dialect: Dialect, fields: URLSearchParams, occurredAt: Date, hunt?: HuntPlace): Fact[] => {
  const status = statusIn(fields, 'CallStatus');
  const eventId = factId(sidIn(dialect, fields, 'CallSid'), status);
  if (status === 'ringing') return [{ eventId, type: 'ringing', occurredAt }];
  if (status === 'in-progress') return [{ eventId, type: 'answered', occurredAt }];
  if (!isFinal(status) || (status === 'no-answer' && !dialect.legBTellsNoAnswer)) return [];
  const sipCode = sipCodeOf(dialect, fields);
  const endReason = endReasonOf(status, sipCode);
  if (isPassedOn(status, hunt)) return [{ eventId, type: 'leg_ended', occurredAt, endReason }];
  return [
    {
      eventId,
      type: 'ended',
      occurredAt,
      endReason,
      causes: { B: causeOf(status, dialect, fields) },
    },
  ];
};

/** Whether the next number of a hunt is dialled, if the caller is still there. */
const isPassedOn = (status: LegStatus, hunt: HuntPlace | undefined): boolean =>
  hunt !== undefined && hunt.place < hunt.of && passesOn(status);

/**
 * Leg B's own callbacks report its other ends better: with Twilio's time and the SIP code. The Dial's callback is used
 * in three cases: leg B was never created, leg B's status misleads, or the Dial has a recording.
 */
const dialEvents = (dialect: Dialect, fields: URLSearchParams, receivedAt: Date, hunt?: HuntPlace): Fact[] => {
  const status = statusIn(fields, 'DialCallStatus', new Map([['answered', 'completed']]));
  if (!isFinal(status)) throw new MalformedCallback('the status of an ended Dial is not final');
  const { legBTellsNoAnswer } = dialect;
  const callerIsThere = legBTellsNoAnswer || statusIn(fields, 'CallStatus') === 'in-progress';
  const knownToLegB = (legBTellsNoAnswer || status !== 'no-answer') && fields.has('DialCallSid');
  if (knownToLegB && recordingOf(fields).recording === undefined) return [];
  // Before the next number of a hunt, whatever the reason of this one's end.
  const callerGaveUp = !callerIsThere && (status === 'no-answer' || isPassedOn(status, hunt));
  const fact = {
    eventId: dialFactId(sidIn(dialect, fields, 'CallSid'), status, hunt?.place),
    occurredAt: timeOf(fields, receivedAt),
    endReason: callerGaveUp ? ('canceled' as const) : endReasonOf(status),
    detail: detailOf(dialect, 'B', fields, 'DialCallStatus'),
  };
  if (callerIsThere && isPassedOn(status, hunt)) return [{ ...fact, type: 'leg_ended' }];
  return [{ ...fact, type: 'ended', causes: { B: { status } } }];
};

/**
 * Leg A was answered, but nobody has pressed 1: the end outranks that of leg A, which is later. Telnyx sends no status: its
 * callback then means that leg A is there.
 */
const confirmEvents = (dialect: Dialect, fields: URLSearchParams, receivedAt: Date): Fact[] =>
  isConfirmed(fields) || (fields.has('CallStatus') && statusIn(fields, 'CallStatus') !== 'in-progress')
    ? []
    : [
        {
          eventId: `${sidIn(dialect, fields, 'CallSid')}:unconfirmed`,
          type: 'ended',
          occurredAt: timeOf(fields, receivedAt),
          endReason: 'no_answer',
          detail: { leg: 'A', confirmed: 'no' },
        },
      ];

/** One event id for all early statuses: Twilio has the call under this sid. */
export const acceptedFactId = (legASid: string): string => `${legASid}:accepted`;
export const factId = (legSid: string, status: LegStatus): string => `${legSid}:${status}`;
/** @param place of a hunt: each of its numbers has a Dial */
export const dialFactId = (legASid: string, status: LegStatus, place = 1): string =>
  `${legASid}:dial-${status}${place > 1 ? `-${place}` : ''}`;

const sidOfLegA = (dialect: Dialect, { source, fields }: Callback): string =>
  sidIn(dialect, fields, source === 'B' ? 'ParentCallSid' : 'CallSid');

const sidIn = (dialect: Dialect, fields: URLSearchParams, name: string): string => {
  const sid = fields.get(name) ?? '';
  if (!isCallSid(dialect, sid)) throw new MalformedCallback(`${name} is not a call’s sid`);
  return sid;
};

const statusIn = (
  fields: URLSearchParams,
  name: string,
  alike: ReadonlyMap<string, LegStatus> = new Map(),
): LegStatus => {
  const given = fields.get(name) ?? '';
  const status = alike.get(given) ?? readLegStatus(given);
  if (status === undefined) throw new MalformedCallback(`${name} is not a known status`);
  return status;
};

/**
 * According to Twilio's documentation a Dial's end has no time. So ours is used, in whole seconds like Twilio's.
 * @throws MalformedCallback if the time cannot be stored
 */
const timeOf = (fields: URLSearchParams, receivedAt: Date): Date => {
  const told = Date.parse(fields.get('Timestamp') ?? '');
  if (Number.isNaN(told)) return startOfSecond(receivedAt);
  const time = startOfSecond(new Date(told));
  if (!isInstant(time)) throw new MalformedCallback('Timestamp is outside the years 1 to 9999');
  return time;
};

const numberIn = (fields: URLSearchParams, name: string): number | undefined => {
  const text = fields.get(name) ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
};

const answeredByIn = (fields: URLSearchParams): string | undefined =>
  /^[a-z_]{1,40}$/.exec(fields.get('AnsweredBy') ?? '')?.[0];

const sipCodeOf = ({ sipCodeField }: Dialect, fields: URLSearchParams): number | undefined =>
  numberIn(fields, sipCodeField);

const causeOf = (status: LegStatus, dialect: Dialect, fields: URLSearchParams): LegCause => {
  const sipCode = sipCodeOf(dialect, fields);
  const answeredBy = answeredByIn(fields);
  return { status, ...(sipCode !== undefined && { sipCode }), ...(answeredBy !== undefined && { answeredBy }) };
};

/** Only a URL that can be stored and shown unchanged. */
const recordingOf = (fields: URLSearchParams): { recording?: string } => {
  const recording = fields.get('RecordingUrl') ?? '';
  return /^https?:\/\/[\x21-\x7e]{1,500}$/.test(recording) ? { recording } : {};
};

const detailOf = (
  dialect: Dialect,
  leg: 'A' | 'B',
  fields: URLSearchParams,
  statusField: string,
): NonNullable<ProviderEvent['detail']> => {
  const sipCode = sipCodeOf(dialect, fields);
  const seconds = numberIn(fields, 'CallDuration') ?? numberIn(fields, 'DialCallDuration');
  const answeredBy = answeredByIn(fields);
  return {
    leg,
    status: fields.get(statusField) ?? '',
    ...(sipCode !== undefined && { sipCode }),
    ...(seconds !== undefined && { seconds }),
    ...(answeredBy !== undefined && { answeredBy }),
  };
};
