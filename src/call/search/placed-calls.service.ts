import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../../common/error-table.js';
import { logAboutCall } from '../../common/log-context.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { isCallSid } from '../record/call-sid.js';
import { noSuchCall } from './call-history.service.js';
import { SHOWN_COLUMNS, shownCall, type ShownCall, type ShownRow } from './call-view.js';

export interface PlacedCall extends ShownCall {
  /** As the directory has it now; null of a phone, or of a user without one. */
  readonly callerExternalId: string | null;
  readonly calleeExternalId: string | null;
}

export interface FoundCall<Call extends ShownCall> {
  readonly call: Call;
  /** As it stands in the record: of a user, or of a phone (party-id.ts). */
  readonly callerKey: string;
}

type AnyRow = ShownRow & Pick<FoundCall<ShownCall>, 'callerKey'>;
type Row = AnyRow & Omit<PlacedCall, keyof ShownCall>;

const find = preparedStatement<Row>(
  'placed-call',
  `select ${SHOWN_COLUMNS}, call.caller_id as "callerKey", caller.external_id as "callerExternalId",
     callee.external_id as "calleeExternalId"
   from call_records call
   left join app_user caller on caller.id = call.caller_id
   left join app_user callee on callee.id = call.callee_id
   where call.call_sid = $1 and call.placed_by = $2`,
);

const findAny = preparedStatement<AnyRow>(
  'any-call',
  `select ${SHOWN_COLUMNS}, call.caller_id as "callerKey" from call_records call where call.call_sid = $1`,
);

/** Single calls: for backends those that they have placed, for administrators every one. */
@Injectable()
export class PlacedCallsService {
  constructor(private readonly database: DataSource) {}

  /** @throws AppError NOT_FOUND for a callSid that is malformed, unknown, or of another's call: one answer for all */
  async find(callSid: string, placedBy: string): Promise<FoundCall<PlacedCall>> {
    const [row] = isCallSid(callSid) ? await find(this.database, [callSid, placedBy]) : [];
    if (!row) throw new AppError('NOT_FOUND', { detail: 'This token has placed no such call.' });
    logAboutCall(callSid);
    const { callerKey, callerExternalId, calleeExternalId } = row;
    return { call: { ...shownCall(row), callerExternalId, calleeExternalId }, callerKey };
  }

  /** @throws AppError NOT_FOUND, also for a callSid that is malformed */
  async findAny(callSid: string): Promise<FoundCall<ShownCall>> {
    const [row] = isCallSid(callSid) ? await findAny(this.database, [callSid]) : [];
    if (!row) throw noSuchCall();
    logAboutCall(callSid);
    return { call: shownCall(row), callerKey: row.callerKey };
  }
}
