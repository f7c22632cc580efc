/**
 * Numbered truth. Each change of a call is written down once, as the very bytes that the stream, the long poll, the
 * outgoing webhook and the timeline show: {"type":…,"timestamp":…,"data":{"callSid":…,"number":…,…}}. The frame is that
 * of Standard Webhooks.
 */

/** `amended`: the state stayed, and something about it became known late. */
export const CHANGE_TYPES = ['call.requested', 'call.ringing', 'call.answered', 'call.over', 'call.amended'] as const;
export type ChangeType = (typeof CHANGE_TYPES)[number];

/** What the bytes mean. */
export interface CallChange {
  readonly type: ChangeType;
  /** When we learned of it. */
  readonly timestamp: string;
  readonly data: {
    readonly callSid: string;
    /** 1, 2, 3 … without gaps within a call. */
    readonly number: number;
    readonly stateType: string;
    readonly endReason: string | null;
    /** When it happened, by the clock of whoever told us. */
    readonly occurredAt: string;
    readonly callerId: string;
    readonly calleeId: string | null;
    readonly serviceLineId: string | null;
  };
}

export const readChange = (bytes: string): CallChange => JSON.parse(bytes) as CallChange;

const isoTime = (expression: string): string =>
  `to_char(${expression} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const orNull = (expression: string): string => `coalesce('"' || ${expression} || '"', 'null')`;

interface ChangeColumns {
  readonly type: string;
  readonly receivedAt: string;
  readonly callSid: string;
  readonly number: string;
  readonly state: string;
  readonly endReason: string;
  readonly occurredAt: string;
  readonly callerId: string;
  readonly calleeId: string;
  readonly serviceLineId: string;
}

/** The SQL expression that writes the bytes, out of SQL expressions. Nothing in them needs escaping: ids, words, times. */
export const changeBytes = (columns: ChangeColumns): string => `
  '{"type":"' || ${columns.type}
  || '","timestamp":"' || ${isoTime(columns.receivedAt)}
  || '","data":{"callSid":"' || ${columns.callSid}
  || '","number":' || ${columns.number}
  || ',"stateType":"' || ${columns.state}
  || '","endReason":' || ${orNull(columns.endReason)}
  || ',"occurredAt":"' || ${isoTime(columns.occurredAt)}
  || '","callerId":"' || ${columns.callerId}
  || '","calleeId":' || ${orNull(columns.calleeId)}
  || ',"serviceLineId":' || ${orNull(columns.serviceLineId)}
  || '}}'`;

/** The channel on which the bytes of every change are notified when it is committed. */
export const CALL_CHANGED_CHANNEL = 'ringback_call_changed';
