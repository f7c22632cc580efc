import { ApiExtraModels, ApiProperty } from '@nestjs/swagger';
import { CANCEL_OUTCOME, type CancelOutcome } from '../call/cancel/cancel.dto.js';
import type { EndReason, EndSource } from '../call/record/call-lifecycle.js';
import type { PlacedCall } from '../call/search/placed-calls.service.js';
import {
  CALL_SID,
  CAUSES,
  CANCELED_BY,
  END_REASON,
  ENDED_BY,
  ROUTE,
  STATE_TYPES,
  TALK_SECONDS,
  textOrNull,
  timeOrNull,
} from '../call/search/call-view.openapi.js';

const EXTERNAL_ID = 'The user’s `externalId`, as the directory has it now; `null` if there is none.';

/** Without the provider's account and its id of the call: those are for administrators. */
export class PlacedCallReply implements Omit<
  PlacedCall,
  'subAccount' | 'providerCallId' | 'placedBy' | 'providerCode'
> {
  @ApiProperty({ example: CALL_SID })
  callSid: string;

  @ApiProperty(textOrNull('`null` if the request gave a phone.', '1001'))
  callerId: string | null;

  @ApiProperty(textOrNull('`null` if the request gave a phone or a service line.', null))
  calleeId: string | null;

  @ApiProperty(textOrNull('`null` if the request gave a user or a phone.', null))
  serviceLineId: string | null;

  @ApiProperty(textOrNull(EXTERNAL_ID, '7d3f1c52-6b0e-4f0a-9c1d-2f6f0a5b8e11'))
  callerExternalId: string | null;

  @ApiProperty(textOrNull(EXTERNAL_ID, null))
  calleeExternalId: string | null;

  @ApiProperty({ description: 'The dialled number.', example: '+8613900001001' })
  callerPhone: string;

  @ApiProperty({ description: 'The dialled number.', example: '+8613800002000' })
  calleePhone: string;

  @ApiProperty({ description: 'The last provider that was tried.', example: 'simulator' })
  provider: string;

  @ApiProperty(ROUTE)
  route: string | null;

  @ApiProperty({
    enum: STATE_TYPES,
    description: '`1` requested (the caller’s phone rings), `2` the callee’s phone rings, `3` answered, `4` over.',
    example: '4',
  })
  stateType: string;

  @ApiProperty(END_REASON)
  endReason: EndReason | null;

  @ApiProperty(ENDED_BY)
  endedBy: EndSource | null;

  @ApiProperty(CAUSES)
  causes: PlacedCall['causes'];
  @ApiProperty(CANCELED_BY)
  canceledBy: 'admin' | null;

  @ApiProperty({ type: String, format: 'date-time', example: '2026-11-24T10:16:03.120Z' })
  requestedAt: Date;

  @ApiProperty(timeOrNull('When the callee’s phone started to ring.'))
  ringingAt: Date | null;

  @ApiProperty(timeOrNull('When the two were connected.'))
  answeredAt: Date | null;

  @ApiProperty(timeOrNull('When the call ended.'))
  endedAt: Date | null;

  @ApiProperty(TALK_SECONDS)
  talkSeconds: number | null;

  @ApiProperty(textOrNull('Where the provider keeps the recording: a file’s name or a URL.', null))
  recording: string | null;

  @ApiProperty({ type: 'integer', description: 'The number of the latest change.', example: 4 })
  changes: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    nullable: true,
    description: 'As the request gave it.',
    example: { ticket: '4711' },
  })
  metadata: Readonly<Record<string, string>> | null;
}

@ApiExtraModels(PlacedCallReply)
export class CancelReply {
  @ApiProperty(CANCEL_OUTCOME)
  outcome: CancelOutcome;

  @ApiProperty({ type: PlacedCallReply })
  call: PlacedCallReply;
}

/** Lists each field, so that one which the record gains later is not shown here by itself. */
export const placedCallReply = (call: PlacedCall): PlacedCallReply => ({
  callSid: call.callSid,
  callerId: call.callerId,
  calleeId: call.calleeId,
  serviceLineId: call.serviceLineId,
  callerExternalId: call.callerExternalId,
  calleeExternalId: call.calleeExternalId,
  callerPhone: call.callerPhone,
  calleePhone: call.calleePhone,
  provider: call.provider,
  route: call.route,
  stateType: call.stateType,
  endReason: call.endReason,
  endedBy: call.endedBy,
  causes: call.causes,
  canceledBy: call.canceledBy,
  requestedAt: call.requestedAt,
  ringingAt: call.ringingAt,
  answeredAt: call.answeredAt,
  endedAt: call.endedAt,
  talkSeconds: call.talkSeconds,
  recording: call.recording,
  changes: call.changes,
  metadata: call.metadata,
});
