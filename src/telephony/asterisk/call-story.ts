/**
 * Turns the dialplan's report of a call (deploy/asterisk/ringback.conf) into events. Pure. A story is text such as
 * `ended=2026-…Z&caller_answered=…&status=BUSY&cause_b=17`: one line of facts, both in AstDB and in events. Of a hunt,
 * `tried_1=BUSY/17/486/1200/2026-…Z/2026-…Z` is a number that has ended without an answer: its status, cause and SIP status,
 * after how many milliseconds it rang, and when it was dialled and ended. `place` is the number that was dialled last, and the
 * other facts of leg B are its own; `more=yes` if there are numbers after it.
 */
import { isStorable } from '../../common/foreign-json.js';
import { isInstant } from '../../common/instant.js';
import type { LegCause, ProviderEndReason, ProviderEvent, ProviderEventType } from '../telephony-provider.js';

export type Story = ReadonlyMap<string, string>;

/** The dialplan leaves an unknown fact empty; here it is absent. */
export const readStory = (text: string): Story =>
  new Map(
    text.split('&').flatMap((fact) => {
      const [name = '', value = ''] = fact.split('=', 2);
      return value === '' ? [] : [[name, value]];
    }),
  );

export const isCallSid = (text: string): boolean => /^\d{32}$/.test(text);
export const legAOf = (callSid: string): string => `${callSid}-a`;
export const callSidOfLegA = (channelId: unknown): string | null =>
  typeof channelId === 'string' ? (/^(\d{32})-a$/.exec(channelId)?.[1] ?? null) : null;

/** The same id for every delivery of an event: no event happens twice in a call, and none twice for a number of a hunt. */
export const asteriskEvent = (
  callSid: string,
  type: ProviderEventType,
  occurredAt: Date,
  more: Pick<ProviderEvent, 'endReason' | 'recording' | 'detail' | 'causes' | 'place'> = {},
): ProviderEvent => ({
  eventId: type === 'leg_ended' ? `${callSid}:${type}-${more.place ?? 0}` : `${callSid}:${type}`,
  callSid,
  providerCallId: legAOf(callSid),
  type,
  occurredAt,
  ...more,
});

/** All events of the story, for a listener that may have missed some. */
export const eventsOfStory = (callSid: string, story: Story): readonly ProviderEvent[] =>
  [callerAnsweredIn, ringingIn, legsEndedIn, answeredIn, endedIn].flatMap((find) => find(callSid, story) ?? []);

const endedIn = (callSid: string, story: Story): ProviderEvent | null => {
  const at = timeIn(story, 'ended');
  const end = {
    endReason: endReasonOf(story),
    detail: detailOf(story),
    causes: causesOf(story),
    ...placeOf(story.get('place')),
  };
  return at && asteriskEvent(callSid, 'ended', at, end);
};

const callerAnsweredIn = (callSid: string, story: Story): ProviderEvent | null => {
  const at = timeIn(story, 'caller_answered');
  return at && asteriskEvent(callSid, 'caller_answered', at);
};

/** Of a hunt, the number that rang first. */
const ringingIn = (callSid: string, story: Story): ProviderEvent | null => {
  const stories = [...triedIn(story).map(({ tried }) => tried), story];
  return stories.map((one) => ringingOfNumber(callSid, one)).find((event) => event !== null) ?? null;
};

const ringingOfNumber = (callSid: string, story: Story): ProviderEvent | null => {
  const dialed = timeIn(story, 'dialed');
  const rangAfterMs = /^\d{1,9}(?:\.\d{1,9})?$/.exec(story.get('ring_ms') ?? '')?.[0];
  // For a live call Asterisk reports the phone's state, but not since when.
  const rings = rangAfterMs !== undefined || ['Ringing', 'Up'].includes(story.get('leg_b') ?? '');
  const at = dialed && new Date(dialed.getTime() + Number(rangAfterMs ?? 0));
  return at && rings && isInstant(at) ? asteriskEvent(callSid, 'ringing', at) : null;
};

const answeredIn = (callSid: string, story: Story): ProviderEvent | null => {
  const at = timeIn(story, 'answered');
  const more = { ...recordingOf(story.get('recording')), ...placeOf(story.get('place')) };
  return at && asteriskEvent(callSid, 'answered', at, more);
};

/** Empty for a call that tries one number: the dialplan counts only those of a hunt. */
export const placeOf = (text = ''): { place?: number } => (/^[1-9]\d{0,2}$/.test(text) ? { place: Number(text) } : {});

const TRIED = ['status', 'cause_b', 'sip', 'ring_ms', 'dialed', 'ended'];

const triedOf = (text: string): Story =>
  new Map(text.split('/').flatMap((value, index) => (value === '' ? [] : [[TRIED[index] ?? '', value]])));

const triedIn = (story: Story): { readonly place: string; readonly tried: Story }[] =>
  [...story].flatMap(([name, value]) => {
    const place = /^tried_(\d{1,3})$/.exec(name)?.[1];
    return place === undefined ? [] : [{ place, tried: triedOf(value) }];
  });

const legsEndedIn = (callSid: string, story: Story): ProviderEvent[] =>
  triedIn(story).flatMap(({ place, tried }) => legEnded(callSid, place, tried) ?? []);

/** Null if the report cannot be read; the story tells it again at the end. */
export const legEndedEvent = (callSid: string, place = '', text = ''): ProviderEvent | null =>
  legEnded(callSid, place, triedOf(text));

const legEnded = (callSid: string, placeText: string, tried: Story): ProviderEvent | null => {
  const at = timeIn(tried, 'ended');
  const { place } = placeOf(placeText);
  if (!at || place === undefined) return null;
  const detail = { leg: 'B', ...detailOf(tried) };
  return asteriskEvent(callSid, 'leg_ended', at, { place, endReason: endReasonOfLegB(tried), detail });
};

export const recordingOf = (recording = ''): { recording?: string } =>
  recording !== '' && isStorable(recording) ? { recording } : {};

const timeIn = (story: Story, name: string): Date | null => readTime(story.get(name));

/** Null if the text is no time that can be stored. */
export const readTime = (text = ''): Date | null => {
  const time = new Date(text);
  return isInstant(time) ? time : null;
};

const detailOf = (story: Story): Record<string, string> =>
  Object.fromEntries(['status', 'cause_a', 'cause_b', 'sip', 'confirmed'].flatMap((name) => factOf(story, name)));

const factOf = (story: Story, name: string): [string, string][] => {
  const value = story.get(name);
  return value === undefined || !isStorable(value) ? [] : [[name, value]];
};

/** Causes of Q.850, and SIP statuses. */
const causesOf = (story: Story): NonNullable<ProviderEvent['causes']> => {
  const A = causeOf(story, { cause: 'cause_a', sip: 'sip_a' });
  const B = causeOf(story, { cause: 'cause_b', sip: 'sip' });
  return { ...(A && { A }), ...(B && { B }) };
};

const causeOf = (story: Story, facts: Readonly<Record<string, string>>): LegCause | null => {
  const known = Object.entries(facts).flatMap(([name, fact]): [string, number][] => {
    const text = story.get(fact) ?? '';
    return /^\d{1,9}$/.test(text) ? [[name, Number(text)]] : [];
  });
  return known.length > 0 ? Object.fromEntries(known) : null;
};

/**
 * ITU-T Q.850, as Asterisk maps it from SIP statuses (measured with Asterisk 22). Causes that are not listed become
 * `failed`.
 */
const REASON_OF_CAUSE: Readonly<Record<number, ProviderEndReason>> = {
  1: 'unreachable', // unallocated number: 404
  2: 'unreachable', // no route to the network
  3: 'unreachable', // no route to the destination: no such endpoint
  17: 'busy', // 486, 600
  20: 'unreachable', // subscriber absent
  21: 'rejected', // 603, 403
  22: 'unreachable', // number changed: 410
  23: 'unreachable', // redirected: 302, where it is not followed
  27: 'unreachable', // destination out of order: 502
  28: 'unreachable', // address incomplete: 484
};
/**
 * No user responding, no answer. Asterisk itself also uses it when its ring time-out ends, even for a phone that never
 * rang.
 */
const NO_ANSWER = 19;
const NO_ANSWER_CAUSES: readonly number[] = [18, NO_ANSWER];
/** Normal clearing, or no cause: a party hung up or Asterisk timed out, and only the status tells them apart. */
const NORMAL_CAUSES: readonly number[] = [0, 16];

/** By the leg that decided: leg A's normal clearing must not hide that leg B was busy. */
export const endReasonOf = (story: Story): ProviderEndReason => {
  if (story.has('answered')) return 'completed';
  if (!story.has('caller_answered')) return endReasonOfUnanswered(story);
  // Leg A did not press 1 (CONFIRM_CALLER): a mailbox, or somebody who does not want the call.
  if (story.get('confirmed') === 'no') return 'no_answer';
  // Of a wrong ASTERISK_DIAL. Asterisk then ends leg A by itself, and the dialplan goes no further.
  if (story.get('status') === 'INVALIDARGS') return 'failed';
  // Another number of the hunt would have been dialled, so leg A has hung up, however the last dialled one has ended.
  if (story.get('more') === 'yes') return 'canceled';
  return endReasonOfLegB(story);
};

const endReasonOfLegB = (story: Story): ProviderEndReason => {
  const status = story.get('status');
  const cause = story.get('cause_b');
  // Canceled before leg B was dialled, while it rang, or at the instant of its answer, when the dialplan connects no
  // one. The dialplan notes the cause, 0 if there is none, right after leg B's end: without it, leg A has hung up before.
  if (status === undefined || cause === undefined || status === 'CANCEL' || status === 'ANSWER') return 'canceled';
  const rang = story.has('ring_ms');
  const patienceEnded = status === 'NOANSWER' ? (rang ? 'no_answer' : 'unreachable') : 'failed';
  return reasonOf(Number(cause), rang, patienceEnded);
};

/**
 * Leg A only. When the ring time is over, Asterisk before 20.18, 22.8 and 23.2 ends it without a cause (asterisk issue
 * 1660). So does a Local channel whose extension fails. A hang-up has cause 16, or is reported by the dialplan if it
 * was ordered there.
 */
const endReasonOfUnanswered = (story: Story): ProviderEndReason => {
  if (story.get('fate') === 'canceled') return 'canceled';
  // A redirect that is not followed has cause 23 with Asterisk 22, none with 16.
  if (story.get('sip_a')?.startsWith('3')) return 'unreachable';
  const cause = Number(story.get('cause_a') ?? 0);
  return reasonOf(cause === 0 ? NO_ANSWER : cause, story.get('state') === 'Ringing', 'canceled');
};

const reasonOf = (cause: number, rang: boolean, normally: ProviderEndReason): ProviderEndReason => {
  if (NORMAL_CAUSES.includes(cause)) return normally;
  if (NO_ANSWER_CAUSES.includes(cause)) return rang ? 'no_answer' : 'unreachable';
  return REASON_OF_CAUSE[cause] ?? 'failed';
};
