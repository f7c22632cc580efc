/**
 * The simulator's JSON of an event. This is the body of a webhook; the event's own id is in the webhook-id header:
 *
 *   { "type": "call.ended", "call": { "id": "SIM…", "reference": "<callSid>" }, "occurredAt": "2026-01-31T08:00:00.000Z",
 *     "endReason": "busy", "detail": { "leg": "B" },
 *     "causes": { "A": { "cause": 16 }, "B": { "cause": 17 } }, "delivery": "<uuid>" }
 *
 * type is one of call.caller_answered, call.ringing, call.leg_ended, call.answered and call.ended. endReason comes only with
 * call.leg_ended and call.ended, and place only with events about a number of a hunt.
 * detail and causes are optional. Unknown fields are ignored (design rule 9). In the status of a call an event has the same format,
 * with its id beside its type and without a delivery.
 */
import {
  isStorable,
  readJson,
  readList,
  readObject,
  readOneOf,
  readText,
  readWholeNumber,
  UnexpectedShape,
} from '../../common/foreign-json.js';
import { readInstant } from '../../common/instant.js';
import {
  PROVIDER_END_REASONS,
  REFUSAL_CATEGORIES,
  type ProviderEndReason,
  type ProviderEvent,
  type ProviderEventType,
  type Refusal,
} from '../telephony-provider.js';
import type { CarrierEvent } from './call-log.js';

const TYPES: readonly ProviderEventType[] = ['caller_answered', 'ringing', 'leg_ended', 'answered', 'ended'];

/** Distinguishes an unknown call from an unknown path. */
export const NO_SUCH_CALL = 'no_such_call';

const wireEventOf = ({ type, callId, callSid, occurredAt, endReason, place, detail, causes }: CarrierEvent) => ({
  type: `call.${type}`,
  call: { id: callId, reference: callSid },
  occurredAt,
  endReason,
  place,
  detail,
  causes,
});

/** @param delivery a unique id, so that two deliveries within one second differ in bytes and signature */
export const wireBodyOf = (event: CarrierEvent, delivery: string): string =>
  JSON.stringify({ ...wireEventOf(event), delivery });

export const wireStatusOf = (events: readonly CarrierEvent[]) => ({
  events: events.map((event) => ({ id: event.id, ...wireEventOf(event) })),
});

/** @throws UnexpectedShape */
export const readWireBody = (body: Buffer, eventId: string): ProviderEvent =>
  readWireEvent(readObject('the body', readJson(body.toString('utf8'))), eventId);

/** @throws UnexpectedShape */
export const readWireStatus = (status: Record<string, unknown>): readonly ProviderEvent[] =>
  readList('events', status.events).map((event) => {
    const { id, ...rest } = readObject('an event', event);
    return readWireEvent(rest, id);
  });

/** @throws UnexpectedShape */
export const readRefusal = (value: Record<string, unknown>): Refusal => ({
  category: readOneOf('category', REFUSAL_CATEGORIES, value.category),
  code: readText('code', value.code),
  text: readText('text', value.text),
});

const readWireEvent = (event: Record<string, unknown>, eventId: unknown): ProviderEvent => {
  const { type: typeText, call, occurredAt, endReason: reasonText, place, detail, causes } = event;
  const { id, reference } = readObject('call', call);
  const type = TYPES.find((known) => typeText === `call.${known}`);
  if (!type) throw new UnexpectedShape('type is unknown');
  const endReason = endReasonOf(type, reasonText);
  return {
    eventId: readText('the id of the event', eventId),
    callSid: readText('call.reference', reference),
    providerCallId: readText('call.id', id),
    type,
    occurredAt: time('occurredAt', occurredAt),
    ...(endReason && { endReason }),
    ...(place != null && { place: readWholeNumber('place', 1, MAX_PLACE, place) }),
    ...(detail != null && { detail: plainOf('detail', detail) }),
    ...(causes != null && { causes: causesOf(causes) }),
  };
};

export const providerEventOf = ({ id, callId, occurredAt, ...event }: CarrierEvent): ProviderEvent => ({
  ...event,
  eventId: id,
  providerCallId: callId,
  occurredAt: new Date(occurredAt),
});

const time = (name: string, value: unknown): Date => {
  const date = typeof value === 'string' ? readInstant(value) : null;
  if (!date) throw new UnexpectedShape(`${name} is not an RFC 3339 time`);
  return date;
};

/** More than any hunt has. */
const MAX_PLACE = 1_000;

const endReasonOf = (type: ProviderEventType, value: unknown): ProviderEndReason | undefined => {
  const isEnd = type === 'ended' || type === 'leg_ended';
  if (!isEnd && value == null) return undefined;
  const endReason = PROVIDER_END_REASONS.find((known) => known === value);
  if (!isEnd || !endReason)
    throw new UnexpectedShape('endReason is for call.ended and call.leg_ended only, and must be a known one');
  return endReason;
};

type Plain = string | number | boolean;

const causesOf = (value: unknown): NonNullable<ProviderEvent['causes']> => {
  const { A, B } = readObject('causes', value);
  return { ...(A != null && { A: plainOf('causes.A', A) }), ...(B != null && { B: plainOf('causes.B', B) }) };
};

const plainOf = (name: string, value: unknown): Record<string, Plain> => {
  const items = Object.entries(readObject(name, value));
  if (!items.every(isPlainItem)) throw new UnexpectedShape(`${name} holds more than short texts, numbers and booleans`);
  return Object.fromEntries(items);
};

/** Number.isFinite: 1e999 is valid JSON and parses to Infinity. */
const isPlainItem = (item: [string, unknown]): item is [string, Plain] => {
  const [name, value] = item;
  return (
    isStorable(name) &&
    (typeof value === 'string' ? isStorable(value) : typeof value === 'boolean' || Number.isFinite(value))
  );
};
