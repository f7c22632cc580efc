/**
 * What Yuntongxun's webhooks say of a call. Pure.
 *
 *   CallAuth       may this call be placed? Asked before any phone is rung, so it is no event of the call: 'ringing' would
 *                  mean that leg B's phone rings. The answer is yes, for it was we who asked for the call.
 *   CallEstablish  leg B has picked up. Tells no time, and by most sources names the call by the provider's own id alone.
 *   Hangup         over, with the reason.
 *   CDR            our name for the realtime CDR, which has no action. Read as a Hangup with more times (call-end.ts).
 *
 * A state 2 is never told in time: no ringing is pushed.
 */
import type { ProviderEvent } from '../telephony-provider.js';
import { endEvents, eventOf, type NamedCall } from './call-end.js';
import type { WireFields } from './wire-body.js';

export class MalformedWebhook extends Error {}

export interface Notification {
  readonly action: 'CallAuth' | 'CallEstablish' | 'Hangup' | 'CDR';
  readonly events: readonly ProviderEvent[];
}

/** 双向回呼; anything else was not placed by us. */
const CALLBACK_TYPE = '1';
const THEIR_CALL_SID = /^[0-9A-Za-z]{1,64}$/;
const OUR_CALL_SID = /^\d{32}$/;

/**
 * @param addressAction of the URL, for a body that names no action
 * @param now for events whose time is not told or cannot be read: that a call is over counts for more than when
 * @throws MalformedWebhook
 */
export const readNotification = (fields: WireFields, addressAction: string | null, now: Date): Notification => {
  const action = fields.get('action') ?? addressAction ?? (fields.has('byetype') ? 'CDR' : '');
  if ((fields.get('type') ?? CALLBACK_TYPE) !== CALLBACK_TYPE) throw new MalformedWebhook('type is not 1, a callback');
  const call = callOf(fields);
  switch (action.toLowerCase()) {
    case 'callauth':
      if (call.callSid === null) throw new MalformedWebhook('there is no userData, so the call is not one of ours');
      return { action: 'CallAuth', events: [] };
    case 'callestablish':
      return { action: 'CallEstablish', events: [eventOf(call, 'answered', now)] };
    case 'hangup':
      return { action: 'Hangup', events: endEvents(call, fields, now) };
    case 'cdr':
      return { action: 'CDR', events: endEvents(call, fields, now) };
    default:
      throw new MalformedWebhook('action is none that we know');
  }
};

const callOf = (fields: WireFields): NamedCall => {
  const providerCallId = fields.get('callsid') ?? '';
  if (!THEIR_CALL_SID.test(providerCallId)) throw new MalformedWebhook('callSid is no id of a call');
  const userData = fields.get('userdata') ?? '';
  if (userData !== '' && !OUR_CALL_SID.test(userData)) throw new MalformedWebhook('userData is no callSid of ours');
  return { callSid: userData === '' ? null : userData, providerCallId };
};
