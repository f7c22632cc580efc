/**
 * The numbered changes of a call. Each is stored once, as the bytes that the stream, the long poll, the outgoing
 * webhook and the timeline send: {"type":…,"timestamp":…,"data":{"callSid":…,"number":…,…}}. The envelope is that of
 * Standard Webhooks.
 */
import { readJson, readObject, readOneOf, readWholeNumber, UnexpectedShape } from '../../common/foreign-json.js';
import { readInstant } from '../../common/instant.js';
import { isLong } from '../../common/long.js';
import type { LegCauses } from '../../telephony/telephony-provider.js';
import { END_REASONS, StateType, type EndSource } from './call-lifecycle.js';
import { isCallSid } from './call-sid.js';
import { isIdOfPhone, userIdIn } from './party-id.js';

/** `amended`: the state is the same, and a detail of the call became known late. */
export const CHANGE_TYPES = ['call.requested', 'call.ringing', 'call.answered', 'call.over', 'call.amended'] as const;
export type ChangeType = (typeof CHANGE_TYPES)[number];

/** The parsed bytes. */
export interface CallChange {
  readonly type: ChangeType;
  /** When Ringback stored it. */
  readonly timestamp: string;
  readonly data: {
    readonly callSid: string;
    /** 1, 2, 3 … without gaps within a call. */
    readonly number: number;
    readonly stateType: string;
    readonly endReason: string | null;
    /** When it happened, by the clock of the event's source. */
    readonly occurredAt: string;
    /** Null where the caller is a phone and no user. */
    readonly callerId: string | null;
    /**
     * As the directory had it then; missing if the caller had none. There is none of the callee: the caller's app reads the
     * changes too, and may not learn another user's id at the identity provider.
     */
    readonly callerExternalId?: string;
    /** Null for a service line, or where the callee is a phone and no user. */
    readonly calleeId: string | null;
    readonly serviceLineId: string | null;
    /** Of a call that a backend placed with metadata. */
    readonly metadata?: Readonly<Record<string, string>>;
    /** Of a call that is over. Missing in changes that version 0.1.0 wrote. */
    readonly provider?: string;
    readonly endedBy?: EndSource;
    /** Null if the call was not answered. */
    readonly talkSeconds?: number | null;
    readonly hasRecording?: boolean;
    /** What the provider reported with this event: the leg, its own codes. */
    readonly detail?: Readonly<Record<string, unknown>> | null;
    /** The matching entry of ROUTES; null if it is not known. */
    readonly route?: string | null;
    /** How each leg ended; null if its provider has not reported it by then. */
    readonly causes?: LegCauses;
  };
}

const STATE_TYPES = Object.values(StateType).map(String);
/** The maximum of PostgreSQL's integer. */
const MAX_NUMBER = 2 ** 31 - 1;

/**
 * Validates the bytes: they come from a notification, which any database user can send, or from a row that another
 * version of Ringback wrote. Fields that this version does not know are kept.
 * @throws UnexpectedShape
 */
export const readChange = (bytes: string): CallChange => {
  const change = readObject('the change', readJson(bytes));
  const data = readObject('data', change.data);
  readOneOf('type', CHANGE_TYPES, change.type);
  expectThat('timestamp', isTime(change.timestamp));
  expectThat('callSid', isCallSid(data.callSid));
  readWholeNumber('number', 1, MAX_NUMBER, data.number);
  readOneOf('stateType', STATE_TYPES, data.stateType);
  if (data.endReason !== null) readOneOf('endReason', END_REASONS, data.endReason);
  expectThat('occurredAt', isTime(data.occurredAt));
  expectThat('callerId', isParty(data.callerId));
  expectThat('callerExternalId', ['undefined', 'string'].includes(typeof data.callerExternalId));
  expectThat('calleeId', isParty(data.calleeId));
  expectThat('serviceLineId', data.serviceLineId === null || isLong(data.serviceLineId));
  return change as unknown as CallChange;
};

/** The version before writes the negative id of a phone as it stands in the record. */
const isParty = (value: unknown): boolean =>
  value === null || isLong(value) || (typeof value === 'string' && isIdOfPhone(value) && isLong(value.slice(1)));

const isTime = (value: unknown): boolean => typeof value === 'string' && readInstant(value) !== null;

const expectThat = (name: string, isRight: boolean): void => {
  if (!isRight) throw new UnexpectedShape(`${name} is not what it should be`);
};

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
  /** jsonb */
  readonly metadata: string;
  /** Of a call that is over, and only of such a one. */
  readonly end?: EndColumns;
}

interface EndColumns {
  /** True if the call is over. */
  readonly isOver: string;
  readonly provider: string;
  readonly endedBy: string;
  /** Whole seconds, or null. */
  readonly talkSeconds: string;
  readonly hasRecording: string;
  /** JSON text, or null. */
  readonly detail: string;
  /** Text, or null. */
  readonly route: string;
  /** json, or null. */
  readonly causeA: string;
  readonly causeB: string;
}

/**
 * Returns the SQL expression that writes the bytes from SQL expressions. The values are our own ids, enum values and
 * times, and jsonb, so none needs escaping. Text from outside goes through `to_json`.
 */
export const changeBytes = (columns: ChangeColumns): string => `
  '{"type":"' || ${columns.type}
  || '","timestamp":"' || ${isoTime(columns.receivedAt)}
  || '","data":{"callSid":"' || ${columns.callSid}
  || '","number":' || ${columns.number}
  || ',"stateType":"' || ${columns.state}
  || '","endReason":' || ${orNull(columns.endReason)}
  || ',"occurredAt":"' || ${isoTime(columns.occurredAt)}
  || '","callerId":' || ${orNull(`(${userIdIn(columns.callerId)})`)}
  || ',"calleeId":' || ${orNull(`(${userIdIn(columns.calleeId)})`)}
  || ',"serviceLineId":' || ${orNull(columns.serviceLineId)}
  || coalesce(',"callerExternalId":' || (select to_json(external_id)::text from app_user where id = ${columns.callerId}), '')
  || coalesce(',"metadata":' || ${columns.metadata}::text, '')
  || ${columns.end ? endBytes(columns.end) : `''`}
  || '}}'`;

/** The notification channel for the bytes of committed changes. */
export const CALL_CHANGED_CHANNEL = 'ringback_call_changed';

const endBytes = ({ isOver, provider, endedBy, talkSeconds, hasRecording, detail, ...more }: EndColumns): string => `
  case when ${isOver} then
    ',"provider":' || to_json(${provider})::text
    || ',"endedBy":"' || ${endedBy}
    || '","talkSeconds":' || coalesce(${talkSeconds}::text, 'null')
    || ',"hasRecording":' || (${hasRecording})::text
    || ',"detail":' || coalesce(${detail}, 'null')
    || ',"route":' || coalesce(to_json(${more.route})::text, 'null')
    || ',"causes":{"A":' || coalesce(${more.causeA}::text, 'null') || ',"B":' || coalesce(${more.causeB}::text, 'null') || '}'
  else '' end`;
