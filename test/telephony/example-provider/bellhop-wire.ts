/** Bellhop's facts as the contract's events. Webhooks and status replies have the same format. */
import {
  PROVIDER_END_REASONS,
  type ProviderEvent,
  type ProviderEventType,
  type RefusalCategory,
} from '../../../src/telephony/telephony-provider.js';

/** A fact with a valid signature that cannot be read. */
export class MalformedFact extends Error {}

/** Bellhop's error codes. An unknown code is a definite refusal for an unknown reason. */
export const CATEGORIES: Readonly<Record<string, RefusalCategory>> = {
  no_such_number: 'bad_number',
  no_such_key: 'bad_account',
  slow_down: 'rate_limited',
  pay_first: 'no_funds',
};

const TYPES: Readonly<Record<string, ProviderEventType>> = {
  'caller picked up': 'caller_answered',
  'callee rings': 'ringing',
  'callee picked up': 'answered',
  over: 'ended',
};

/** @throws MalformedFact */
export const eventOf = (fact: unknown): ProviderEvent => {
  const { id, reference, number, what, at, why } = (fact ?? {}) as Record<string, unknown>;
  const type = TYPES[String(what)];
  const occurredAt = new Date(String(at));
  if (typeof id !== 'string' || typeof reference !== 'string' || typeof number !== 'number' || !type) {
    throw new MalformedFact('it is no fact of a call');
  }
  if (Number.isNaN(occurredAt.getTime())) throw new MalformedFact('at is no time');
  return {
    eventId: `${id}-${number}`,
    callSid: reference,
    providerCallId: id,
    type,
    occurredAt,
    ...(type === 'ended' && { endReason: PROVIDER_END_REASONS.find((known) => known === why) ?? 'failed' }),
  };
};

/** @throws MalformedFact */
export const readJson = (text: string): Record<string, unknown> => {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new MalformedFact('it is no JSON');
  }
};
