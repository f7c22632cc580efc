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
  pay_first: 'no_funds',
  slow_down: 'rate_limited',
  called_too_often: 'too_frequent',
  not_registered: 'not_permitted',
};

const TYPES: Readonly<Record<string, ProviderEventType>> = {
  taken: 'accepted',
  'caller picked up': 'caller_answered',
  'callee rings': 'ringing',
  'callee picked up': 'answered',
  over: 'ended',
};

/** @throws MalformedFact */
export const eventOf = (fact: unknown): ProviderEvent => {
  const { id, reference, number, what, at, why, tape } = (fact ?? {}) as Record<string, unknown>;
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
    ...(type === 'ended' && endOf(why)),
    ...(typeof tape === 'string' && { recording: tape }),
  };
};

/** Bellhop tells why leg B has ended, in words of its own. */
const endOf = (why: unknown): Pick<ProviderEvent, 'endReason' | 'causes'> => ({
  endReason: PROVIDER_END_REASONS.find((known) => known === why) ?? 'failed',
  ...(typeof why === 'string' && { causes: { B: { why } } }),
});

/** @throws MalformedFact */
export const readJson = (text: string): Record<string, unknown> => {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new MalformedFact('it is no JSON');
  }
};
