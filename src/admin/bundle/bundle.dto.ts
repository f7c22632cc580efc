import { ApiProperty } from '@nestjs/swagger';
import { END_AUTHORITIES, type EndReason, type EndSource } from '../../call/record/call-lifecycle.js';
import {
  AN_INSTANT,
  CANCELED_BY,
  END_REASON,
  legCause,
  textOrNull,
  timeOrNull,
} from '../../call/search/call-view.openapi.js';
import type { DeliveryOfCall } from '../../delivery/deliveries-of-call.js';
import { PROVIDER_OPERATIONS, type ProviderRequest } from '../../telephony/provider-request.js';
import { BooleanParameter } from '../boolean-parameter.js';
import { FoundCall, TimelineEventReply } from '../calls/call.dto.js';
import { WebhookDeliveryReply } from '../webhook-deliveries/webhook-delivery.dto.js';
import type { CallBundle } from './call-bundles.service.js';
import {
  ATTEMPT_OUTCOMES,
  LEGS,
  type HangUp,
  type Leg,
  type LegName,
  type LegReport,
  type Legs,
  type ProviderAttempt,
} from './call-legs.js';

const facts = (description: string, example: object) =>
  ({ type: 'object', additionalProperties: true, description, example }) as const;

export class BundleQuery {
  @BooleanParameter({
    default: false,
    description:
      '`true` shows whole phone numbers. Needs the scope `admin:numbers`, also in addition to `admin`; the audit has the read.',
  })
  full?: boolean;
}

class HangUpReply implements HangUp {
  @ApiProperty({
    enum: END_AUTHORITIES,
    type: String,
    nullable: true,
    description: 'As in the record.',
    example: 'provider',
  })
  endedBy: EndSource | null;

  @ApiProperty(END_REASON)
  endReason: EndReason | null;

  @ApiProperty(CANCELED_BY)
  canceledBy: 'admin' | null;

  @ApiProperty({
    enum: LEGS,
    type: String,
    nullable: true,
    description: 'Whose leg ended the call, if the provider says so.',
    example: 'callee',
  })
  leg: LegName | null;

  @ApiProperty(timeOrNull('When the call ended.'))
  at: Date | null;
}

class LegReportReply implements LegReport {
  @ApiProperty({ description: 'The type of the event.', example: 'ended' })
  event: string;

  @ApiProperty({ example: 'simulator' })
  provider: string;

  @ApiProperty({ type: String, format: 'date-time', example: AN_INSTANT })
  occurredAt: Date;

  @ApiProperty(facts('The provider’s own codes.', { cause: '17' }))
  codes: Record<string, unknown>;
}

class LegReply implements Leg {
  @ApiProperty({ example: '139****1001' })
  phone: string;

  @ApiProperty(timeOrNull('When the phone started to ring. No event says so of the caller’s.'))
  ringingAt: Date | null;

  @ApiProperty(timeOrNull('When the phone was answered.'))
  answeredAt: Date | null;

  @ApiProperty(legCause('How the leg ended: as in `causes` of the record.', { cause: 17 }))
  cause: Leg['cause'];

  @ApiProperty({ type: [LegReportReply], description: 'The events that have more of the provider’s codes.' })
  reports: readonly LegReportReply[];
}

class LegsReply implements Legs {
  @ApiProperty({ type: LegReply })
  caller: LegReply;

  @ApiProperty({ type: LegReply })
  callee: LegReply;

  @ApiProperty({ type: [LegReportReply], description: 'Codes that name no leg.' })
  both: readonly LegReportReply[];
}

class ProviderAttemptReply implements ProviderAttempt {
  @ApiProperty({ example: 'simulator' })
  provider: string;

  @ApiProperty({
    enum: ATTEMPT_OUTCOMES,
    description: '`unknown`: no reply to the dial is on record, or no dial was sent.',
    example: 'accepted',
  })
  outcome: ProviderAttempt['outcome'];

  @ApiProperty(timeOrNull('When the outcome was recorded.'))
  at: Date | null;

  @ApiProperty({
    ...facts('The refusal, as the provider gave it; or `why`: the caller has no account there.', {}),
    nullable: true,
    example: null,
  })
  why: Record<string, unknown> | null;
}

class RoutingReply {
  @ApiProperty(
    textOrNull('The entry of `ROUTES` that matches the callee’s number now; empty if it matches all numbers.', ''),
  )
  route: string | null;

  @ApiProperty({
    type: [String],
    description:
      'The providers of that route. One that is in none of `attempts` was not needed, or is on the route only now.',
    example: ['simulator'],
  })
  providers: readonly string[];

  @ApiProperty({ type: [ProviderAttemptReply], description: 'In the order in which they were tried or passed over.' })
  attempts: readonly ProviderAttemptReply[];
}

class DeliveryOfCallReply extends WebhookDeliveryReply implements DeliveryOfCall {
  @ApiProperty({ example: '1' })
  endpointId: string;
}

class ProviderRequestReply implements ProviderRequest {
  @ApiProperty({ example: 'simulator' })
  provider: string;

  @ApiProperty({ enum: PROVIDER_OPERATIONS, example: 'dial' })
  operation: ProviderRequest['operation'];

  @ApiProperty({ type: String, format: 'date-time', example: AN_INSTANT })
  startedAt: Date;

  @ApiProperty({ type: 'integer', nullable: true, description: '`null` while it is in flight.', example: 84 })
  durationMs: number | null;

  @ApiProperty(facts('Without secrets. Numbers are masked, also with `full`.', { callerPhone: '139****1001' }))
  request: Record<string, unknown>;

  @ApiProperty({
    ...facts('`null` while it is in flight, and if there was none.', { kind: 'accepted' }),
    nullable: true,
  })
  reply: Record<string, unknown> | null;

  @ApiProperty(textOrNull('Why there is no reply: it is unknown, or the request was not sent.', null))
  error: string | null;
}

class ReplicaReply {
  @ApiProperty({
    type: String,
    format: 'date-time',
    description:
      'When this process started. What is beside it comes from its memory; other replicas, and processes that have ended, have ' +
      'their own.',
    example: AN_INSTANT,
  })
  since: Date;

  @ApiProperty({ type: [ProviderRequestReply], description: 'In the order of time.' })
  providerRequests: readonly ProviderRequestReply[];

  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description: 'The log lines with this callSid, oldest first. Numbers in them are masked, also with `full`.',
    example: [{ level: 30, time: AN_INSTANT, msg: 'call requested' }],
  })
  logLines: readonly Readonly<Record<string, unknown>>[];
}

export class CallBundleReply implements CallBundle {
  @ApiProperty({ type: FoundCall })
  call: FoundCall;

  @ApiProperty(
    textOrNull(
      'The OpenTelemetry trace of the call. `null` if it was placed without traces.',
      '0af7651916cd43dd8448eb211c80319c',
    ),
  )
  traceId: string | null;

  @ApiProperty({ type: HangUpReply })
  hangUp: HangUpReply;

  @ApiProperty({ type: LegsReply })
  legs: LegsReply;

  @ApiProperty({ type: RoutingReply })
  routing: RoutingReply;

  @ApiProperty({ type: [TimelineEventReply], description: 'In the order in which they were stored.' })
  timeline: readonly TimelineEventReply[];

  @ApiProperty({
    type: [DeliveryOfCallReply],
    description: 'Webhooks to your endpoints, with each attempt; at most 500.',
  })
  deliveries: readonly DeliveryOfCallReply[];

  @ApiProperty({ type: ReplicaReply })
  ofThisReplica: ReplicaReply;
}
