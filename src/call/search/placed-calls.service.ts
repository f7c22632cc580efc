import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../../common/error-table.js';
import { logAboutCall } from '../../common/log-context.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { isCallSid } from '../record/call-sid.js';
import { noSuchCall } from './call-history.service.js';
import { SHOWN_COLUMNS, shownCall, type ShownCall, type ShownRow } from './call-view.js';

export interface PlacedCall {
  readonly call: ShownCall;
  /** As it stands in the record: of a user, or of a phone (party-id.ts). */
  readonly callerKey: string;
}

const find = preparedStatement<ShownRow & { readonly callerKey: string }>(
  'placed-call',
  `select ${SHOWN_COLUMNS}, call.caller_id as "callerKey" from call_record call where call.call_sid = $1 and call.placed_by = $2`,
);

const findAny = preparedStatement<ShownRow & { readonly callerKey: string }>(
  'any-call',
  `select ${SHOWN_COLUMNS}, call.caller_id as "callerKey" from call_record call where call.call_sid = $1`,
);

/** Single calls: for backends those that they have placed, for administrators every one. */
@Injectable()
export class PlacedCallsService {
  constructor(private readonly database: DataSource) {}

  /** @throws AppError NOT_FOUND for a callSid that is malformed, unknown, or of another's call: one answer for all */
  async find(callSid: string, placedBy: string): Promise<PlacedCall> {
    const [row] = isCallSid(callSid) ? await find(this.database, [callSid, placedBy]) : [];
    if (!row) throw new AppError('NOT_FOUND', { detail: 'This token has placed no such call.' });
    logAboutCall(callSid);
    return { call: shownCall(row), callerKey: row.callerKey };
  }

  /** @throws AppError NOT_FOUND, also for a callSid that is malformed */
  async findAny(callSid: string): Promise<PlacedCall> {
    const [row] = isCallSid(callSid) ? await findAny(this.database, [callSid]) : [];
    if (!row) throw noSuchCall();
    logAboutCall(callSid);
    return { call: shownCall(row), callerKey: row.callerKey };
  }
}
