/**
 * Turns Yuntongxun's webhooks into events. Pure.
 *
 *   CallAuth       asks whether the call may be placed, before any phone rings. So the platform has accepted it, and its
 *                  id of the call is known, also if the reply to the dial was lost.
 *   CallEstablish  leg B has answered. Has no time and, by most sources, only the provider's own id of the call.
 *   Hangup         the call is over, with the reason.
 *   CDR            our name for the realtime CDR, which has no action: a Hangup with more times (call-end.ts).
 *
 * State 2 is never reported live, because there is no webhook for ringing.
 */
import type { ProviderEvent } from '../telephony-provider.js';
import { endEvents, eventOf, type NamedCall } from './call-end.js';
import { readUserData, type UserData } from './user-data.js';
import type { WireFields } from './wire-body.js';

export class MalformedWebhook extends Error {}

export interface Notification {
  readonly action: 'CallAuth' | 'CallEstablish' | 'Hangup' | 'CDR';
  readonly events: readonly ProviderEvent[];
  /** With CallAuth: the call's own terms. */
  readonly terms?: UserData['terms'];
}

/** 双向回呼; a call of another type is not ours. */
const CALLBACK_TYPE = '1';
const THEIR_CALL_SID = /^[0-9A-Za-z]{1,64}$/;

/**
 * @param addressAction the action in the URL, for a body without an action
 * @param now for events without a readable time: the event itself matters more than its time
 * @throws MalformedWebhook
 */
export const readNotification = (fields: WireFields, addressAction: string | null, now: Date): Notification => {
  const action = fields.get('action') ?? addressAction ?? (fields.has('byetype') ? 'CDR' : '');
  if ((fields.get('type') ?? CALLBACK_TYPE) !== CALLBACK_TYPE) throw new MalformedWebhook('type is not 1, a callback');
  const { terms, ...call } = callOf(fields);
  switch (action.toLowerCase()) {
    case 'callauth':
      if (call.callSid === null) throw new MalformedWebhook('there is no userData, so the call is not one of ours');
      return { action: 'CallAuth', events: [eventOf(call, 'accepted', now)], terms };
    case 'callestablish':
      return { action: 'CallEstablish', events: [eventOf(call, 'answered', now)] };
    case 'hangup':
      return { action: 'Hangup', events: endEvents(call, fields, now) };
    case 'cdr':
      return { action: 'CDR', events: endEvents(call, fields, now) };
    default:
      throw new MalformedWebhook('action is unknown');
  }
};

const callOf = (fields: WireFields): NamedCall & Pick<UserData, 'terms'> => {
  const providerCallId = fields.get('callsid') ?? '';
  if (!THEIR_CALL_SID.test(providerCallId)) throw new MalformedWebhook('callSid is not an id of a call');
  const text = fields.get('userdata') ?? '';
  if (text === '') return { callSid: null, providerCallId, terms: {} };
  const userData = readUserData(text);
  if (!userData) throw new MalformedWebhook('userData is not one of our callSids');
  return { ...userData, providerCallId };
};
