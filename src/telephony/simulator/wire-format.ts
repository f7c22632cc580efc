/**
 * The body of the simulator's webhooks:
 * {"type":"call.ended","call":{"id":"SIM…","reference":"<callSid>"},"occurredAt":"…","endReason":"busy","detail":{"leg":"B"}}
 * Fields that we do not know are tolerated (design rule 9).
 */
import { PROVIDER_END_REASONS, type ProviderEvent, type ProviderEventType } from '../telephony-provider.js';
import type { ExchangeEvent } from './exchange.js';

const TYPES: readonly ProviderEventType[] = ['caller_answered', 'ringing', 'answered', 'ended'];

export const wireBodyOf = ({ type, callId, callSid, occurredAt, endReason, detail }: ExchangeEvent): string =>
  JSON.stringify({ type: `call.${type}`, call: { id: callId, reference: callSid }, occurredAt, endReason, detail });

/** @throws Error that says what is wrong with the body */
export const readWireBody = (body: Buffer, eventId: string): ProviderEvent => {
  const { type, call, occurredAt, endReason, detail } = object('body', JSON.parse(body.toString('utf8')));
  const { id, reference } = object('call', call);
  const known = TYPES.find((one) => type === `call.${one}`);
  if (!known) throw new Error('type is none that we know');
  const reason = PROVIDER_END_REASONS.find((one) => one === endReason);
  if ((known === 'ended') !== (reason !== undefined)) throw new Error('endReason is for call.ended, and must be known');
  const time = new Date(text('occurredAt', occurredAt));
  if (Number.isNaN(time.getTime())) throw new Error('occurredAt is no time');
  return {
    eventId,
    callSid: text('call.reference', reference),
    providerCallId: text('call.id', id),
    type: known,
    occurredAt: time,
    ...(reason && { endReason: reason }),
    ...(detail !== undefined && { detail: object('detail', detail) as Record<string, string> }),
  };
};

export const providerEventOf = ({ id, callId, occurredAt, ...event }: ExchangeEvent): ProviderEvent => ({
  ...event,
  eventId: id,
  providerCallId: callId,
  occurredAt: new Date(occurredAt),
});

const object = (name: string, value: unknown): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${name} is no object`);
  return value as Record<string, unknown>;
};

/** Nothing of ours is longer, and PostgreSQL stores no NUL. */
const text = (name: string, value: unknown): string => {
  if (typeof value !== 'string' || value === '' || value.length > 200 || value.includes('\0')) {
    throw new Error(`${name} is no text of 1 to 200 characters`);
  }
  return value;
};
