/**
 * What Yuntongxun's webhooks say of a call. Pure.
 *
 *   CallAuth       may this call be placed? Asked before any phone is rung, so it is no event of the call: 'ringing' would
 *                  mean that leg B's phone rings. The answer is yes, for it was we who asked for the call.
 *   CallEstablish  leg B has picked up. Names the call by the provider's own id alone, and no time.
 *   Hangup         over, with the reason. The realtime CDR is the same without an action; with needBothCdr there would be
 *                  two, which is why the event's id holds nothing but the call and the fact.
 *
 * A state 2 is never told: the two legs' ringing is not pushed at all.
 */
import { storable } from '../../common/foreign-json.js';
import type { ProviderEvent } from '../telephony-provider.js';
import { byeTypeRow } from './bye-types.js';
import { readChinaTime } from './china-time.js';
import type { WireFields } from './wire-body.js';

export class NotUnderstood extends Error {}

export interface Notification {
  readonly action: 'CallAuth' | 'CallEstablish' | 'Hangup';
  readonly events: readonly ProviderEvent[];
}

/** 双向回呼; anything else was not placed by us. */
const CALLBACK_TYPE = '1';
const THEIR_CALL_SID = /^[0-9A-Za-z]{1,64}$/;
const LONGEST_BYE_TYPE = 20;
const OUR_CALL_SID = /^\d{32}$/;

/**
 * @param addressAction of the URL, for a body that names no action
 * @param now for events whose time is not told or cannot be read: that a call is over counts for more than when
 * @throws NotUnderstood
 */
export const readNotification = (fields: WireFields, addressAction: string | null, now: Date): Notification => {
  const action = fields.get('action') ?? addressAction ?? (fields.has('byetype') ? 'Hangup' : '');
  if ((fields.get('type') ?? CALLBACK_TYPE) !== CALLBACK_TYPE) throw new NotUnderstood('type is not 1, a callback');
  const call = callOf(fields);
  switch (action.toLowerCase()) {
    case 'callauth':
      if (call.callSid === null) throw new NotUnderstood('there is no userData, so the call is not one of ours');
      return { action: 'CallAuth', events: [] };
    case 'callestablish':
      return { action: 'CallEstablish', events: [answered(call, now)] };
    case 'hangup':
      return { action: 'Hangup', events: hangUp(call, fields, now) };
    default:
      throw new NotUnderstood('action is none that we know');
  }
};

type NamedCall = Pick<ProviderEvent, 'callSid'> & { readonly providerCallId: string };

const callOf = (fields: WireFields): NamedCall => {
  const providerCallId = fields.get('callsid') ?? '';
  if (!THEIR_CALL_SID.test(providerCallId)) throw new NotUnderstood('callSid is no id of a call');
  const userData = fields.get('userdata') ?? '';
  if (userData !== '' && !OUR_CALL_SID.test(userData)) throw new NotUnderstood('userData is no callSid of ours');
  return { callSid: userData === '' ? null : userData, providerCallId };
};

const answered = (call: NamedCall, occurredAt: Date): ProviderEvent => ({
  eventId: `${call.providerCallId}:answered`,
  ...call,
  type: 'answered',
  occurredAt,
});

/** Where the reason proves that the two were connected, also when they were: CallEstablish may be lost, a CDR has none. */
const hangUp = (call: NamedCall, fields: WireFields, now: Date): readonly ProviderEvent[] => {
  const byeType = fields.get('byetype') ?? '';
  const { endReason, leg, category, wasAnswered } = byeTypeRow(byeType);
  const occurredAt = timeOf(fields, 'endtime') ?? now;
  const seconds = secondsOf(fields, 'talkduration') ?? secondsOf(fields, 'duration');
  const isTalk = wasAnswered === 'always' || (wasAnswered === 'unless 0 s' && seconds !== 0);
  const answeredAt = isTalk ? timeOf(fields, 'starttime') : null;
  const recording = fields.get('recordurl') ?? '';
  const ended: ProviderEvent = {
    eventId: `${call.providerCallId}:ended`,
    ...call,
    type: 'ended',
    occurredAt,
    endReason,
    ...(recording !== '' && { recording }),
    detail: {
      byetype: storable(byeType, LONGEST_BYE_TYPE),
      ...(leg && { leg }),
      ...(category && { category }),
      ...(seconds !== null && { talkDuration: seconds }),
    },
  };
  return answeredAt && answeredAt <= occurredAt ? [answered(call, answeredAt), ended] : [ended];
};

const timeOf = (fields: WireFields, name: string): Date | null => readChinaTime(fields.get(name) ?? '');

const secondsOf = (fields: WireFields, name: string): number | null => {
  const text = fields.get(name) ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
};
