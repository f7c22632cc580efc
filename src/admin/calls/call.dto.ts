import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { CANCEL_OUTCOME, type CancelOutcome } from '../../call/cancel/cancel.dto.js';
import { CHANGE_TYPES, type CallChange, type ChangeType } from '../../call/record/call-change.js';
import type { CallHistory, TimelineEvent } from '../../call/search/call-history.service.js';
import type { ShownCall } from '../../call/search/call-view.js';
import { END_AUTHORITIES, EVENT_RULES, type EndSource, type EndReason } from '../../call/record/call-lifecycle.js';
import {
  AN_INSTANT,
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
} from '../../call/search/call-view.openapi.js';

const CALLER_ID = textOrNull('`null` if a backend gave the caller as a phone and not as a user.', '1001');
const CALLEE_ID = textOrNull(
  '`null` for a call to a service line, or if a backend gave the callee as a phone and not as a user.',
  '2000',
);
const METADATA = {
  type: 'object',
  additionalProperties: { type: 'string' },
  description: 'The metadata with which a backend placed the call. Absent if there is none.',
  example: { ticket: '4711' },
} as const;

/** For fields that are optional, because changes of version 0.1.0 lack them. */
const OF_AN_END = 'Of a call that is over.';

class ChangeData {
  @ApiProperty({ example: CALL_SID })
  callSid: string;

  @ApiProperty({ type: 'integer', description: '1, 2, 3 … without gaps within a call.', example: 2 })
  number: number;

  @ApiProperty({ enum: STATE_TYPES, example: '2' })
  stateType: string;

  @ApiProperty({ ...END_REASON, example: null })
  endReason: string | null;

  @ApiProperty({ format: 'date-time', example: AN_INSTANT })
  occurredAt: string;

  @ApiProperty(CALLER_ID)
  callerId: string | null;

  @ApiProperty(CALLEE_ID)
  calleeId: string | null;

  @ApiProperty({ ...textOrNull('`null` for a call to a user.', '1'), example: null })
  serviceLineId: string | null;

  @ApiPropertyOptional({
    description: 'The caller’s `externalId` at the time of the change. Absent if there was none.',
    example: '7d3f1c52-6b0e-4f0a-9c1d-2f6f0a5b8e11',
  })
  callerExternalId?: string;

  @ApiPropertyOptional(METADATA)
  metadata?: Readonly<Record<string, string>>;

  @ApiPropertyOptional({ description: `${OF_AN_END} The last provider that was tried.`, example: 'simulator' })
  provider?: string;

  @ApiPropertyOptional({
    enum: END_AUTHORITIES,
    description: `${OF_AN_END} The source that ended it.`,
    example: 'provider',
  })
  endedBy?: EndSource;

  @ApiPropertyOptional({ ...TALK_SECONDS, description: `${OF_AN_END} \`null\` if it was not answered.` })
  talkSeconds?: number | null;

  @ApiPropertyOptional({
    description: `${OF_AN_END} Whether the provider has sent where the recording is; the admin API shows it.`,
    example: false,
  })
  hasRecording?: boolean;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: `${OF_AN_END} What the provider reported with this event: which leg, its own codes.`,
    example: { leg: 'B' },
  })
  detail?: Readonly<Record<string, unknown>> | null;

  @ApiPropertyOptional({ ...ROUTE, description: `${OF_AN_END} ${ROUTE.description}` })
  route?: string | null;

  @ApiPropertyOptional({ ...CAUSES, description: `${OF_AN_END} ${CAUSES.description}` })
  causes?: ShownCall['causes'];
}

export class ChangeReply implements CallChange {
  @ApiProperty({ enum: CHANGE_TYPES, example: 'call.ringing' })
  type: ChangeType;

  @ApiProperty({ format: 'date-time', description: 'When Ringback stored it.', example: AN_INSTANT })
  timestamp: string;

  @ApiProperty({ type: ChangeData })
  data: ChangeData;
}

export class TimelineEventReply implements TimelineEvent {
  @ApiProperty({ description: 'The source: a provider, or `ringback` for its own events.', example: 'simulator' })
  provider: string;

  @ApiProperty({ description: 'The source’s own id of the event.', example: `${CALL_SID}:ringing` })
  eventId: string;

  @ApiProperty({ enum: ['requested', 'passed_over', ...Object.keys(EVENT_RULES)], example: 'ringing' })
  type: TimelineEvent['type'];

  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'By the clock of the source.',
    example: AN_INSTANT,
  })
  occurredAt: Date;

  @ApiProperty({ type: String, format: 'date-time', description: 'By the database’s clock.', example: AN_INSTANT })
  receivedAt: Date;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'The number of the change that the event made; `null` if it made none.',
    example: 2,
  })
  changeNumber: number | null;

  @ApiProperty({
    type: ChangeReply,
    nullable: true,
    description: 'That change, as the stream, the long poll and webhooks send it.',
  })
  change: ChangeReply | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Other facts from the provider.',
    example: { leg: 'B' },
  })
  detail: Record<string, unknown> | null;
}

export class CallReply implements CallHistory {
  @ApiProperty({ example: CALL_SID })
  callSid: string;

  @ApiProperty(CALLER_ID)
  callerId: string | null;

  @ApiProperty(CALLEE_ID)
  calleeId: string | null;

  @ApiProperty({ ...textOrNull('`null` for a call to a user.', '1'), example: null })
  serviceLineId: string | null;

  @ApiProperty({ description: 'As it was dialled.', example: '+8613900001001' })
  callerPhone: string;

  @ApiProperty({ description: 'As it was dialled.', example: '+8613800002000' })
  calleePhone: string;

  @ApiProperty({ example: 'simulator' })
  provider: string;

  @ApiProperty({ description: 'The sub-account’s id at the provider.', example: 'demo-1001' })
  subAccount: string;

  @ApiProperty(textOrNull('The provider’s own id of the call; `null` until the provider has sent it.', 'sim-42'))
  providerCallId: string | null;

  @ApiProperty({
    enum: STATE_TYPES,
    description: '`1` requested, `2` ringing, `3` answered, `4` over.',
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

  @ApiProperty(textOrNull('Where the provider keeps the recording: a file’s name or a URL.', `${CALL_SID}.wav`))
  recording: string | null;

  @ApiProperty({ type: 'integer', description: 'The number of the latest change.', example: 4 })
  changes: number;

  @ApiProperty({
    ...METADATA,
    type: 'object',
    nullable: true,
    description: 'The metadata with which a backend placed the call.',
  })
  metadata: Readonly<Record<string, string>> | null;

  @ApiProperty(ROUTE)
  route: string | null;

  @ApiProperty(CAUSES)
  causes: ShownCall['causes'];

  @ApiProperty(
    textOrNull(
      'The subject of the token or API key that placed the call by `POST /v1/calls`; `null` for other calls.',
      '9001',
    ),
  )
  placedBy: string | null;

  @ApiProperty({ type: [TimelineEventReply], description: 'In the order in which they were stored.' })
  events: readonly TimelineEventReply[];
}

export class FoundCall extends OmitType(CallReply, ['events']) {}

export class CanceledCallReply {
  @ApiProperty(CANCEL_OUTCOME)
  outcome: CancelOutcome;

  @ApiProperty({ type: FoundCall })
  call: FoundCall;
}

export class CallPage {
  @ApiProperty({ type: [FoundCall] })
  items: readonly FoundCall[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'For `after`; `null` on the last page.',
    example: CALL_SID,
  })
  next: string | null;
}
