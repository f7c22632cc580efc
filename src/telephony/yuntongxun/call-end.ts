/**
 * Turns the fields of a Hangup or a realtime CDR into the events of a call's end. Pure.
 *
 *   beginCallTime     the platform started to call leg A
 *   ringingBeginTime  leg A's phone started to ring
 *   ringingEndTime    it stopped ringing: leg A answered, or the call was over
 *   starttime         leg B answered; otherwise leg A answered; empty if neither did
 *   endtime           the end of the same leg; empty if leg A never answered
 *   duration          the seconds of the same leg; a Hangup calls them talkDuration
 *
 * A Hangup has only the last three. Only a CDR of both legs has leg B's ringing (cdr-legs.ts).
 */
import { storable } from '../../common/foreign-json.js';
import type { ProviderEvent, ProviderEventType } from '../telephony-provider.js';
import { byeTypeRow, type ByeTypeRow } from './hangup-causes.js';
import { CALLEE_RINGING } from './cdr-legs.js';
import { readChinaTime } from './china-time.js';
import type { WireFields } from './wire-body.js';

export type NamedCall = Pick<ProviderEvent, 'callSid'> & { readonly providerCallId: string };

const LONGEST_BYE_TYPE = 20;

/** The id consists only of the call and the type, because CallEstablish and a CDR report the same answer. */
export const eventOf = (call: NamedCall, type: ProviderEventType, occurredAt: Date) => ({
  eventId: `${call.providerCallId}:${type}`,
  ...call,
  type,
  occurredAt,
});

/** More than the clocks differ by. */
const DAY_MS = 86_400_000;

/**
 * All events up to the end, including those that should have been sent before. CallEstablish may be lost, and without
 * 应用鉴权 there is none.
 */
export const endEvents = (call: NamedCall, fields: WireFields, now: Date): readonly ProviderEvent[] => {
  const byeType = fields.get('byetype') ?? '';
  const row = byeTypeRow(byeType);
  const isTalk = isTalkBy(row, fields);
  // An end of another day is a fault of the webhook, and would make a talk of years.
  const endedAt = notAfter(new Date(now.getTime() + DAY_MS), endOf(fields, isTalk)) ?? now;
  const startedAt = notAfter(endedAt, timeOf(fields, 'starttime'));
  const answeredAt = isTalk ? (startedAt ?? answerBySeconds(fields)) : null;
  const callerAnsweredAt = isTalk ? timeOf(fields, 'ringingendtime') : row.callerAnswered === false ? null : startedAt;
  const told = (type: ProviderEventType, at: Date | null): readonly ProviderEvent[] => {
    const time = notAfter(answeredAt ?? endedAt, at);
    return time ? [eventOf(call, type, time)] : [];
  };
  const recording = fields.get('recordurl') ?? '';
  return [
    ...told('caller_answered', callerAnsweredAt),
    ...told('ringing', timeOf(fields, CALLEE_RINGING)),
    ...told('answered', answeredAt),
    {
      ...eventOf(call, 'ended', endedAt),
      endReason: row.endReason,
      ...(recording !== '' && { recording }),
      detail: { byetype: storable(byeType, LONGEST_BYE_TYPE), ...detailOf(row, fields, isTalk) },
      // One cause for the call; it belongs to the leg that caused the end.
      ...(row.leg && { causes: { [row.leg]: { byetype: byeType } } }),
    },
  ];
};

const isTalkBy = ({ wasAnswered }: Pick<ByeTypeRow, 'wasAnswered'>, fields: WireFields): boolean =>
  wasAnswered === 'always' || (wasAnswered === 'unless 0 s' && talkSeconds(fields) !== 0);

/** If leg A never answered, there is no endtime: the call ended when the phone stopped ringing. */
const endOf = (fields: WireFields, isTalk: boolean): Date | null =>
  timeOf(fields, 'endtime') ?? (isTalk || timeOf(fields, 'starttime') ? null : timeOf(fields, 'ringingendtime'));

const answerBySeconds = (fields: WireFields): Date | null => {
  const [endedAt, seconds] = [timeOf(fields, 'endtime'), talkSeconds(fields)];
  return endedAt && seconds !== null ? new Date(endedAt.getTime() - seconds * 1_000) : null;
};

const notAfter = (limit: Date, time: Date | null): Date | null => (time && time <= limit ? time : null);

const detailOf = ({ leg, category }: Pick<ByeTypeRow, 'leg' | 'category'>, fields: WireFields, isTalk: boolean) => {
  // Without a talk, the duration of a CDR is the time that leg A waited.
  const seconds = isTalk ? talkSeconds(fields) : secondsOf(fields, 'talkduration');
  const [calledAt, rangAt] = [timeOf(fields, 'begincalltime'), timeOf(fields, 'ringingbegintime')];
  return {
    ...(leg && { leg }),
    ...(category && { category }),
    ...(seconds !== null && { talkDuration: seconds }),
    ...(calledAt && { beginCallTime: calledAt.toISOString() }),
    ...(rangAt && { ringingBeginTime: rangAt.toISOString() }),
  };
};

const timeOf = (fields: WireFields, name: string): Date | null => readChinaTime(fields.get(name) ?? '');

const talkSeconds = (fields: WireFields): number | null =>
  secondsOf(fields, 'talkduration') ?? secondsOf(fields, 'duration');

const secondsOf = (fields: WireFields, name: string): number | null => {
  const text = fields.get(name) ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
};
