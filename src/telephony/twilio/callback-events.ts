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
import { isCallSid, writeReference } from './call-reference.js';
import { isConfirmed } from './confirmation.js';
import { endReasonOf, isFinal, readLegStatus, type LegStatus } from './end-reason.js';
import { endOfSecond, startOfSecond } from './twilio-time.js';

/** Signed by Twilio, but not readable. */
export class MalformedCallback extends Error {}

export const readCallback = (callback: GenuineCallback, receivedAt: Date): ProviderEvent[] => {
  const { fields, source } = callback;
  if (source === 'machine') return [machineEvent(callback, receivedAt)];
  const event = {
    callSid: callback.callSid,
    providerCallId: writeReference({ accountSid: fields.get('AccountSid') ?? '', sid: sidOfLegA(callback) }),
    ...recordingOf(fields),
  };
  if (source === 'confirm') return confirmEvents(fields, receivedAt).map((fact) => ({ ...event, ...fact }));
  if (source === 'dial') return dialEvents(fields, receivedAt).map((fact) => ({ ...event, ...fact }));
  const legs = { A: legAEvents, B: legBEvents };
  return legs[source](fields, timeOf(fields, receivedAt)).map((fact) => ({
    ...event,
    ...fact,
    detail: detailOf(source, fields, 'CallStatus'),
  }));
};

/**
 * The result of machine detection proves that leg B was answered. According to Twilio's documentation it has no time and does
 * not name leg A.
 */
const machineEvent = ({ callSid, fields }: GenuineCallback, receivedAt: Date): ProviderEvent => {
  const sid = sidIn(fields, 'CallSid');
  const answeredBy = answeredByIn(fields);
  if (answeredBy === undefined) throw new MalformedCallback('AnsweredBy is not a known result');
  return {
    eventId: `${sid}:answered-by`,
    callSid,
    providerCallId: null,
    type: 'answered',
    occurredAt: receivedAt,
    detail: { leg: 'B', answeredBy },
  };
};

type Fact = Pick<ProviderEvent, 'eventId' | 'type' | 'occurredAt' | 'endReason' | 'detail' | 'causes'>;

const legAEvents = (fields: URLSearchParams, occurredAt: Date): Fact[] => {
  const status = statusIn(fields, 'CallStatus');
  const eventId = factId(sidIn(fields, 'CallSid'), status);
  if (status === 'in-progress') return [{ eventId, type: 'caller_answered', occurredAt }];
  const causes = { A: causeOf(status, fields) };
  if (status === 'completed') return [{ eventId, ...legAHasLeft(occurredAt), causes }];
  if (!isFinal(status)) return [{ eventId: acceptedFactId(sidIn(fields, 'CallSid')), type: 'accepted', occurredAt }];
  return [{ eventId, type: 'ended', occurredAt, endReason: endReasonOf(status, sipCodeOf(fields)), causes }];
};

/**
 * Leg A was answered and has ended. So the call is over, and counts as canceled unless leg B reports more. If leg B had
 * answered, the lifecycle turns this into `completed`. An earlier end of leg B outranks it.
 * Twilio's times are whole seconds, and a busy leg B ends before leg A. So leg A's end is the last instant of its
 * second, and leg B's the first.
 */
export const legAHasLeft = (endedAt: Date) =>
  ({ type: 'ended', occurredAt: endOfSecond(endedAt), endReason: 'canceled' }) as const;

const legBEvents = (fields: URLSearchParams, occurredAt: Date): Fact[] => {
  const status = statusIn(fields, 'CallStatus');
  const eventId = factId(sidIn(fields, 'CallSid'), status);
  if (status === 'ringing') return [{ eventId, type: 'ringing', occurredAt }];
  if (status === 'in-progress') return [{ eventId, type: 'answered', occurredAt }];
  if (!isFinal(status) || status === 'no-answer') return [];
  const endReason = endReasonOf(status, sipCodeOf(fields));
  return [{ eventId, type: 'ended', occurredAt, endReason, causes: { B: causeOf(status, fields) } }];
};

/**
 * Leg B's own callbacks report its other ends better: with Twilio's time and the SIP code. The Dial's callback is used
 * in three cases: leg B was never created, leg B's status misleads, or the Dial has a recording.
 */
const dialEvents = (fields: URLSearchParams, receivedAt: Date): Fact[] => {
  const status = statusIn(fields, 'DialCallStatus', new Map([['answered', 'completed']]));
  if (!isFinal(status)) throw new MalformedCallback('the status of an ended Dial is not final');
  const callerIsThere = statusIn(fields, 'CallStatus') === 'in-progress';
  const knownToLegB = status !== 'no-answer' && fields.has('DialCallSid');
  if (knownToLegB && recordingOf(fields).recording === undefined) return [];
  return [
    {
      eventId: dialFactId(sidIn(fields, 'CallSid'), status),
      type: 'ended',
      occurredAt: timeOf(fields, receivedAt),
      endReason: status === 'no-answer' && !callerIsThere ? 'canceled' : endReasonOf(status),
      detail: detailOf('B', fields, 'DialCallStatus'),
      causes: { B: { status } },
    },
  ];
};

/** Leg A was answered, but nobody has pressed 1: the end outranks that of leg A, which is later. */
const confirmEvents = (fields: URLSearchParams, receivedAt: Date): Fact[] =>
  isConfirmed(fields) || statusIn(fields, 'CallStatus') !== 'in-progress'
    ? []
    : [
        {
          eventId: `${sidIn(fields, 'CallSid')}:unconfirmed`,
          type: 'ended',
          occurredAt: timeOf(fields, receivedAt),
          endReason: 'no_answer',
          detail: { leg: 'A', confirmed: 'no' },
        },
      ];

/** One event id for all early statuses: Twilio has the call under this sid. */
export const acceptedFactId = (legASid: string): string => `${legASid}:accepted`;
export const factId = (legSid: string, status: LegStatus): string => `${legSid}:${status}`;
export const dialFactId = (legASid: string, status: LegStatus): string => `${legASid}:dial-${status}`;

const sidOfLegA = ({ source, fields }: GenuineCallback): string =>
  sidIn(fields, source === 'B' ? 'ParentCallSid' : 'CallSid');

const sidIn = (fields: URLSearchParams, name: string): string => {
  const sid = fields.get(name) ?? '';
  if (!isCallSid(sid)) throw new MalformedCallback(`${name} is not a call’s sid`);
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

const sipCodeOf = (fields: URLSearchParams): number | undefined => numberIn(fields, 'SipResponseCode');

const causeOf = (status: LegStatus, fields: URLSearchParams): LegCause => {
  const sipCode = sipCodeOf(fields);
  const answeredBy = answeredByIn(fields);
  return { status, ...(sipCode !== undefined && { sipCode }), ...(answeredBy !== undefined && { answeredBy }) };
};

/** Only a URL that can be stored and shown unchanged. */
const recordingOf = (fields: URLSearchParams): { recording?: string } => {
  const recording = fields.get('RecordingUrl') ?? '';
  return /^https?:\/\/[\x21-\x7e]{1,500}$/.test(recording) ? { recording } : {};
};

const detailOf = (
  leg: 'A' | 'B',
  fields: URLSearchParams,
  statusField: string,
): NonNullable<ProviderEvent['detail']> => {
  const sipCode = sipCodeOf(fields);
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
