/**
 * The body of the simulator's webhooks; the event's own id is the webhook-id header:
 *
 *   { "type": "call.ended", "call": { "id": "SIM…", "reference": "<callSid>" }, "occurredAt": "2026-01-31T08:00:00.000Z",
 *     "endReason": "busy", "detail": { "leg": "B" }, "delivery": "<uuid>" }
 *
 * type is one of call.caller_answered, call.ringing, call.answered and call.ended; endReason comes with call.ended only;
 * detail may be missing. Fields that we do not know are tolerated (design rule 9).
 */
import {
  PROVIDER_END_REASONS,
  type ProviderEndReason,
  type ProviderEvent,
  type ProviderEventType,
} from '../telephony-provider.js';
import type { ExchangeEvent } from './ledger.js';

const TYPES: readonly ProviderEventType[] = ['caller_answered', 'ringing', 'answered', 'ended'];
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** The message says what is wrong with the body, and repeats nothing of it. */
export class MalformedBody extends Error {}

/** @param delivery makes this delivery's bytes, and so its signature, unlike any other's within the same second */
export const wireBodyOf = (event: ExchangeEvent, delivery: string): string => {
  const { type, callId, callSid, occurredAt, endReason, detail } = event;
  const call = { id: callId, reference: callSid };
  return JSON.stringify({ type: `call.${type}`, call, occurredAt, endReason, detail, delivery });
};

/** @throws MalformedBody */
export const readWireBody = (body: Buffer, eventId: string): ProviderEvent => {
  const { type: typeText, call, occurredAt, endReason: reasonText, detail } = object('the body', json(body));
  const { id, reference } = object('call', call);
  const type = TYPES.find((known) => typeText === `call.${known}`);
  if (!type) throw new MalformedBody('type is none that we know');
  const endReason = endReasonOf(type, reasonText);
  return {
    eventId: text('webhook-id', eventId),
    callSid: text('call.reference', reference),
    providerCallId: text('call.id', id),
    type,
    occurredAt: time('occurredAt', occurredAt),
    ...(endReason && { endReason }),
    ...(detail != null && { detail: detailOf(detail) }),
  };
};

export const providerEventOf = ({ id, callId, occurredAt, ...event }: ExchangeEvent): ProviderEvent => ({
  ...event,
  eventId: id,
  providerCallId: callId,
  occurredAt: new Date(occurredAt),
});

const json = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new MalformedBody('the body is no JSON');
  }
};

const object = (name: string, value: unknown): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedBody(`${name} is no object`);
  }
  return value as Record<string, unknown>;
};

/** Nothing of ours is longer. PostgreSQL stores neither NUL nor half of a surrogate pair. */
const isStorable = (value: string): boolean => value.length <= 200 && !/[\0\p{Surrogate}]/u.test(value);

const text = (name: string, value: unknown): string => {
  if (typeof value !== 'string' || value === '' || !isStorable(value)) {
    throw new MalformedBody(`${name} is no text of 1 to 200 characters`);
  }
  return value;
};

const time = (name: string, value: unknown): Date => {
  const date = new Date(typeof value === 'string' && RFC_3339.test(value) ? value : NaN);
  if (Number.isNaN(date.getTime())) throw new MalformedBody(`${name} is no RFC 3339 time`);
  return date;
};

const endReasonOf = (type: ProviderEventType, value: unknown): ProviderEndReason | undefined => {
  if (type !== 'ended' && value == null) return undefined;
  const endReason = PROVIDER_END_REASONS.find((known) => known === value);
  if (type !== 'ended' || !endReason) throw new MalformedBody('endReason is for call.ended, and must be one we know');
  return endReason;
};

type Plain = string | number | boolean;

const detailOf = (value: unknown): Record<string, Plain> => {
  const items = Object.entries(object('detail', value));
  if (!items.every(isPlainItem)) throw new MalformedBody('detail holds more than short texts, numbers and booleans');
  return Object.fromEntries(items);
};

/** Number.isFinite: 1e999 is JSON, and read as Infinity. */
const isPlainItem = (item: [string, unknown]): item is [string, Plain] => {
  const [name, value] = item;
  return (
    isStorable(name) &&
    (typeof value === 'string' ? isStorable(value) : typeof value === 'boolean' || Number.isFinite(value))
  );
};
