/**
 * What a callback of Twilio's says, as events. Pure; each callback is understood alone, for they come in any order and at
 * any replica.
 *
 * The end of a call is told by whoever knows its reason: leg A where it was not answered, leg B where it was rung, and the
 * Dial where leg B's own word would mislead. Twilio calls leg B `no-answer` both when nobody picks up and when the caller
 * gives up; only the Dial's end, which says whether leg A is still there, tells the two apart.
 */
import { isInstant } from '../../common/instant.js';
import type { ProviderEvent } from '../telephony-provider.js';
import type { GenuineCallback } from './callback-check.js';
import { isCallSid, writeReference } from './call-reference.js';
import { endReasonOf, isFinal, readLegStatus, type LegStatus } from './end-reason.js';
import { endOfSecond, startOfSecond } from './twilio-time.js';

/** Signed by Twilio, yet not to be understood. */
export class MalformedCallback extends Error {}

export const readCallback = (callback: GenuineCallback, receivedAt: Date): ProviderEvent[] => {
  const { fields, source } = callback;
  const event = {
    callSid: callback.callSid,
    providerCallId: writeReference({ accountSid: fields.get('AccountSid') ?? '', sid: sidOfLegA(callback) }),
    ...recordingOf(fields),
  };
  if (source === 'dial') return dialEvents(fields, receivedAt).map((fact) => ({ ...event, ...fact }));
  const legs = { A: legAEvents, B: legBEvents };
  return legs[source](fields, timeOf(fields, receivedAt)).map((fact) => ({
    ...event,
    ...fact,
    detail: detailOf(source, fields, 'CallStatus'),
  }));
};

type Fact = Pick<ProviderEvent, 'eventId' | 'type' | 'occurredAt' | 'endReason' | 'detail'>;

const legAEvents = (fields: URLSearchParams, occurredAt: Date): Fact[] => {
  const status = statusIn(fields, 'CallStatus');
  const eventId = factId(sidIn(fields, 'CallSid'), status);
  if (status === 'in-progress') return [{ eventId, type: 'caller_answered', occurredAt }];
  if (status === 'completed') return [{ eventId, ...legAHasLeft(occurredAt) }];
  if (!isFinal(status)) return [{ eventId: acceptedFactId(sidIn(fields, 'CallSid')), type: 'accepted', occurredAt }];
  return [{ eventId, type: 'ended', occurredAt, endReason: endReasonOf(status, sipCodeOf(fields)) }];
};

/**
 * Leg A was answered and has hung up, or been hung up on: the call is over for certain, and was canceled unless leg B tells
 * more. The lifecycle makes `completed` of it where leg B had answered, and an end of leg B that was earlier outranks it.
 * Twilio's times are whole seconds, and leg B that was busy ends before leg A does; so of its second this is the last
 * instant, and leg B's the first.
 */
export const legAHasLeft = (endedAt: Date) =>
  ({ type: 'ended', occurredAt: endOfSecond(endedAt), endReason: 'canceled' }) as const;

const legBEvents = (fields: URLSearchParams, occurredAt: Date): Fact[] => {
  const status = statusIn(fields, 'CallStatus');
  const eventId = factId(sidIn(fields, 'CallSid'), status);
  if (status === 'ringing') return [{ eventId, type: 'ringing', occurredAt }];
  if (status === 'in-progress') return [{ eventId, type: 'answered', occurredAt }];
  if (!isFinal(status) || status === 'no-answer') return [];
  return [{ eventId, type: 'ended', occurredAt, endReason: endReasonOf(status, sipCodeOf(fields)) }];
};

/**
 * Leg B tells of its other ends itself, and better: by Twilio's clock, with the SIP code. The Dial is heard where leg B
 * cannot (it never came about), where it misleads, and for the recording, which only the Dial knows.
 */
const dialEvents = (fields: URLSearchParams, receivedAt: Date): Fact[] => {
  const status = statusIn(fields, 'DialCallStatus', { answered: 'completed' });
  if (!isFinal(status)) throw new MalformedCallback('a Dial has ended as what is no end');
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
    },
  ];
};

/** One fact, whichever status tells it first: Twilio has the call, under this id. */
export const acceptedFactId = (legASid: string): string => `${legASid}:accepted`;
export const factId = (legSid: string, status: LegStatus): string => `${legSid}:${status}`;
export const dialFactId = (legASid: string, status: LegStatus): string => `${legASid}:dial-${status}`;

const sidOfLegA = ({ source, fields }: GenuineCallback): string =>
  sidIn(fields, source === 'B' ? 'ParentCallSid' : 'CallSid');

const sidIn = (fields: URLSearchParams, name: string): string => {
  const sid = fields.get(name) ?? '';
  if (!isCallSid(sid)) throw new MalformedCallback(`${name} is no call’s sid`);
  return sid;
};

const statusIn = (
  fields: URLSearchParams,
  name: string,
  alike: Readonly<Record<string, LegStatus>> = {},
): LegStatus => {
  const given = fields.get(name) ?? '';
  const status = alike[given] ?? readLegStatus(given);
  if (status === undefined) throw new MalformedCallback(`${name} is no status that we know`);
  return status;
};

/**
 * A Dial's end bears no time, as far as Twilio’s pages say: ours, in whole seconds like all of Twilio’s.
 * @throws MalformedCallback where it is a time that cannot be stored
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

const sipCodeOf = (fields: URLSearchParams): number | undefined => numberIn(fields, 'SipResponseCode');

/** Only what can be stored and shown as it is. */
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
  const answeredBy = /^[a-z_]{1,40}$/.exec(fields.get('AnsweredBy') ?? '')?.[0];
  return {
    leg,
    status: fields.get(statusField) ?? '',
    ...(sipCode !== undefined && { sipCode }),
    ...(seconds !== undefined && { seconds }),
    ...(answeredBy !== undefined && { answeredBy }),
  };
};
