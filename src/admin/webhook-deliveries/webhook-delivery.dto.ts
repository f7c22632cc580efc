import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { AN_INSTANT, CALL_SID } from '../../call/search/call-view.openapi.js';
import { CHANGE_TYPES, type ChangeType } from '../../call/record/call-change.js';
import { isCallSid } from '../../call/record/call-sid.js';
import type { ShownAttempt, ShownDelivery } from '../../delivery/list-deliveries.js';
import { DELIVERY_STATES, type DeliveryState } from '../../delivery/webhook-delivery.entity.js';
import { wholeNumberRule, type FieldRule } from '../../directory/field-rules.js';
import { Satisfies, Optional } from '../../directory/satisfies.js';
import { PageQuery } from '../page-query.js';

/** The maximum of PostgreSQL's integer. */
const MAX_NUMBER = 2_147_483_647;

const callSidRule: FieldRule = (value) => (isCallSid(value) ? null : 'must be a callSid: 32 decimal digits');
const stateRule: FieldRule = (value) =>
  DELIVERY_STATES.some((state) => state === value) ? null : `must be one of ${DELIVERY_STATES.join(', ')}`;

export class WebhookDeliveryQuery extends PageQuery {
  @ApiPropertyOptional({ enum: DELIVERY_STATES, description: 'Only those in this state.' })
  @Optional()
  @Satisfies(stateRule)
  state?: DeliveryState;

  @ApiPropertyOptional({ description: 'Only those of this call.', example: CALL_SID })
  @Optional()
  @Satisfies(callSidRule)
  callSid?: string;
}

export class RedeliveryBody {
  @ApiProperty({ example: CALL_SID })
  @Satisfies(callSidRule)
  callSid: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    description: 'The number of a change; without it, all of the call’s changes are delivered again.',
    example: 2,
  })
  @Optional()
  @Satisfies(wholeNumberRule(1, MAX_NUMBER))
  number?: number;
}

export class RedeliveryReply {
  @ApiProperty({ type: 'integer', description: 'How many deliveries are pending because of this.', example: 1 })
  deliveries: number;
}

class WebhookAttemptReply implements ShownAttempt {
  @ApiProperty({ type: String, format: 'date-time', example: AN_INSTANT })
  startedAt: Date;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: '`null` while it is in flight, or if its process crashed.',
    example: 84,
  })
  durationMs: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'The HTTP status; `null` without a response.',
    example: 503,
  })
  status: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it failed, for people; `null` if it succeeded.',
    example: 'It answered 503.',
  })
  error: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The beginning of the response body.',
    example: 'overloaded',
  })
  response: string | null;
}

export class WebhookDeliveryReply implements ShownDelivery {
  @ApiProperty({ description: 'The `webhook-id` of each of its attempts.', example: `${CALL_SID}-2` })
  id: string;

  @ApiProperty({ example: CALL_SID })
  callSid: string;

  @ApiProperty({ type: 'integer', description: 'The change’s number within the call.', example: 2 })
  number: number;

  @ApiProperty({ enum: CHANGE_TYPES, example: 'call.ringing' })
  type: ChangeType;

  @ApiProperty({
    enum: DELIVERY_STATES,
    description: '`failed`: not accepted in 14 attempts over 28 hours, while the endpoint accepted others.',
    example: 'pending',
  })
  state: DeliveryState;

  @ApiProperty({ type: String, format: 'date-time', example: AN_INSTANT })
  createdAt: Date;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When it was delivered or failed; `null` while pending.',
    example: null,
  })
  settledAt: Date | null;

  @ApiProperty({ type: [WebhookAttemptReply], description: 'In the order of time.' })
  attempts: readonly WebhookAttemptReply[];
}

export class WebhookDeliveryPage {
  @ApiProperty({ type: [WebhookDeliveryReply] })
  items: readonly WebhookDeliveryReply[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'For `after`; `null` on the last page.',
    example: `${CALL_SID}-2`,
  })
  next: string | null;
}
