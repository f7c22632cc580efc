import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../../common/error-table.js';
import { isLong } from '../../common/long.js';
import type { Page, PageRequest } from '../../common/page.js';
import { rangeFaults, type TimeRange } from '../../common/time-range.js';
import { latestFirst, type ColumnFilter } from '../../postgres/latest-first.js';
import type { CallRefusal } from '../record/call-refusal.entity.js';

export interface RefusalFilter extends TimeRange {
  /** The id or the external id of the caller. */
  readonly userId?: string | undefined;
  readonly fault?: string | undefined;
}

const COLUMNS = `id, at, caller_id as "callerId", caller_phone as "callerPhone", callee_id as "calleeId",
  service_line_id as "serviceLineId", callee_phone as "calleePhone", fault, reason, asked_by as "askedBy",
  request_id as "requestId", checks, count`;

/** The calls that were not placed. */
@Injectable()
export class RefusedCallsService {
  constructor(private readonly database: DataSource) {}

  /** Latest first. A page may have fewer items than the limit, even none, and still a next cursor (latest-first.ts). */
  list({ userId, fault, from, to }: RefusalFilter, page: PageRequest): Promise<Page<CallRefusal>> {
    const faults = rangeFaults({ from, to });
    if (faults.length > 0) throw new AppError('BAD_REQUEST', { faults });
    const leading = userId === undefined ? undefined : ofCaller(userId);
    const others = fault === undefined ? [] : [{ column: 'fault', value: fault }];
    return latestFirst(this.database, { table: 'call_refusal', columns: COLUMNS, leading, others, from, to }, page);
  }
}

/** The refusals of an id are found also after its user has been removed. If nobody has the external id, none matches. */
const ofCaller = (user: string): ColumnFilter => ({
  column: 'caller_id',
  value: user,
  ...(!isLong(user) && { asSql: (parameter) => `(select id from app_user where external_id = ${parameter})` }),
});
