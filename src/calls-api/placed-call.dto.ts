import { ApiExtraModels, ApiProperty } from '@nestjs/swagger';
import { CANCEL_OUTCOME, type CancelOutcome } from '../call/cancel/cancel.dto.js';
import type { EndReason, EndSource } from '../call/record/call-lifecycle.js';
import type { ShownCall } from '../call/search/call-view.js';
import {
  CALL_SID,
  CANCELED_BY,
  END_REASON,
  ENDED_BY,
  STATE_TYPES,
  TALK_SECONDS,
  textOrNull,
  timeOrNull,
} from '../call/search/call-view.openapi.js';

/** Without the provider's account and its id of the call: those are for administrators. */
export class PlacedCallReply implements Omit<ShownCall, 'subAccount' | 'providerCallId' | 'placedBy'> {
  @ApiProperty({ example: CALL_SID })
  callSid: string;

  @ApiProperty(textOrNull('`null` if the request gave a phone.', '1001'))
  callerId: string | null;

  @ApiProperty(textOrNull('`null` if the request gave a phone or a service line.', null))
  calleeId: string | null;

  @ApiProperty(textOrNull('`null` if the request gave a user or a phone.', null))
  serviceLineId: string | null;

  @ApiProperty({ description: 'The dialled number.', example: '+8613900001001' })
  callerPhone: string;

  @ApiProperty({ description: 'The dialled number.', example: '+8613800002000' })
  calleePhone: string;

  @ApiProperty({ description: 'The last provider that was tried.', example: 'simulator' })
  provider: string;

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
export const placedCallReply = (call: ShownCall): PlacedCallReply => ({
  callSid: call.callSid,
  callerId: call.callerId,
  calleeId: call.calleeId,
  serviceLineId: call.serviceLineId,
  callerPhone: call.callerPhone,
  calleePhone: call.calleePhone,
  provider: call.provider,
  stateType: call.stateType,
  endReason: call.endReason,
  endedBy: call.endedBy,
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
