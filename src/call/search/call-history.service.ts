import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../../common/error-table.js';
import { UnexpectedShape } from '../../common/foreign-json.js';
import { logAboutCall } from '../../common/log-context.js';
import { readChange, type CallChange } from '../record/call-change.js';
import type { CallEvent } from '../record/call-event.entity.js';
import { traceIdOfCall } from '../record/call-trace.js';
import { isCallSid } from '../record/call-sid.js';
import { SHOWN_COLUMNS, shownCall, type ShownCall, type ShownRow } from './call-view.js';

/** A call with its timeline. */
export interface CallHistory extends ShownCall {
  /** In the order in which they were stored. */
  readonly events: readonly TimelineEvent[];
}

export interface TimelineEvent extends Omit<Readonly<CallEvent>, 'callSid' | 'receipt' | 'change' | 'writtenBy'> {
  /**
   * The parsed bytes that every recipient gets. Null if the event changed nothing, or if this version cannot read the
   * change.
   */
  readonly change: CallChange | null;
}

interface EventRow extends Omit<Readonly<CallEvent>, 'occurredAt' | 'receivedAt' | 'writtenBy'> {
  readonly occurredAt: string;
  readonly receivedAt: string;
}

type Row = ShownRow & { readonly events: readonly EventRow[] };

/** One statement for record and timeline, so that both are of the same snapshot. */
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
    from call_events event where event.call_sid = call.call_sid
  ) as events
from call_records call
where call.call_sid = $1
`;

/** Any user's call with its timeline, for administrators. */
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

  /** Null if the call was placed without traces. */
  traceIdOf(callSid: string): Promise<string | null> {
    return traceIdOfCall(this.database, callSid);
  }
}

const timelineEvent = (event: EventRow): TimelineEvent => ({
  ...event,
  occurredAt: new Date(event.occurredAt),
  receivedAt: new Date(event.receivedAt),
  change: event.change === null ? null : readableChange(event.change),
});

/** A change in the format of a newer version must not hide the rest of the call. */
const readableChange = (bytes: string): CallChange | null => {
  try {
    return readChange(bytes);
  } catch (error) {
    if (error instanceof UnexpectedShape) return null;
    throw error;
  }
};

export const noSuchCall = (): AppError =>
  new AppError('NOT_FOUND', { detail: 'There is no such call. A callSid has 32 decimal digits.' });
