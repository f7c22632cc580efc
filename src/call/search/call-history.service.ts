import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../../common/error-table.js';
import { UnexpectedShape } from '../../common/foreign-json.js';
import { logAboutCall } from '../../common/log-context.js';
import { readChange, type CallChange } from '../record/call-change.js';
import type { CallEvent } from '../record/call-event.entity.js';
import { isCallSid } from '../record/call-sid.js';
import { SHOWN_COLUMNS, shownCall, type ShownCall, type ShownRow } from './call-view.js';

/** What became of a call. */
export interface CallHistory extends ShownCall {
  /** In the order in which we learned of them. */
  readonly events: readonly TimelineEvent[];
}

export interface TimelineEvent extends Omit<Readonly<CallEvent>, 'callSid' | 'receipt' | 'change' | 'writtenBy'> {
  /** Written out as JSON, the very bytes that every other consumer is sent; null where the event changed nothing, or where the change cannot be read. */
  readonly change: CallChange | null;
}

interface EventRow extends Omit<Readonly<CallEvent>, 'occurredAt' | 'receivedAt' | 'writtenBy'> {
  readonly occurredAt: string;
  readonly receivedAt: string;
}

type Row = ShownRow & { readonly events: readonly EventRow[] };

/** Record and timeline in one statement, so that the one never knows of a change that the other does not. */
const STATEMENT = `
select ${SHOWN_COLUMNS},
  (
    select coalesce(
      json_agg(
        json_build_object(
          'provider', event.provider, 'eventId', event.event_id, 'type', event.type, 'occurredAt', event.occurred_at,
          'receivedAt', event.received_at, 'changeNumber', event.change_number, 'change', event.change,
          'detail', event.detail
        )
        order by event.received_at, event.written_by, event.change_number, event.event_id
      ),
      '[]'
    )
    from call_event event where event.call_sid = call.call_sid
  ) as events
from call_record call
where call.call_sid = $1
`;

/** Calls as an administrator sees them: anybody's, and how each came about. */
@Injectable()
export class CallHistoryService {
  constructor(private readonly database: DataSource) {}

  /** @throws AppError NOT_FOUND, also for a callSid that is malformed */
  async find(callSid: string): Promise<CallHistory> {
    if (!isCallSid(callSid)) throw noSuchCall();
    logAboutCall(callSid);
    const [row] = await this.database.query<Row[]>(STATEMENT, [callSid]);
    if (!row) throw noSuchCall();
    return { ...shownCall(row), events: row.events.map(timelineEvent) };
  }
}

const timelineEvent = (event: EventRow): TimelineEvent => ({
  ...event,
  occurredAt: new Date(event.occurredAt),
  receivedAt: new Date(event.receivedAt),
  change: event.change === null ? null : readableChange(event.change),
});

/** A change that a newer version wrote in another shape must not hide the rest of the call. */
const readableChange = (bytes: string): CallChange | null => {
  try {
    return readChange(bytes);
  } catch (error) {
    if (error instanceof UnexpectedShape) return null;
    throw error;
  }
};

const noSuchCall = (): AppError =>
  new AppError('NOT_FOUND', { detail: 'There is no such call. A callSid has 32 decimal digits.' });
