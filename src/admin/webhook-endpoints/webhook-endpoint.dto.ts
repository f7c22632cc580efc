import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { WEBHOOK_TYPES, type WebhookType } from '../../delivery/webhook-endpoint.entity.js';
import type { TestedEndpoint } from '../../delivery/endpoint-test.js';
import type { EndpointChange, ShownEndpoint } from '../../delivery/endpoint.service.js';
import { AN_INSTANT } from '../../call/search/call-view.openapi.js';
import { textRule, booleanRule, type FieldRule } from '../../directory/field-rules.js';
import { Satisfies, Optional } from '../../directory/satisfies.js';

const LONGEST_URL = 2_000;

const A_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD0yvEsQjyzMo=';

const URL_OF_ENDPOINT = {
  description:
    'The URL of the deliveries: https, with a public address. The operator may allow other addresses ' +
    '(`WEBHOOK_ALLOWED_RANGES`). The name must resolve now, and is resolved again for every attempt. Stored as the WHATWG URL ' +
    'standard normalizes it: `HTTPS://Backend.Example.com:443/a/../b` becomes `https://backend.example.com/b`.',
  maxLength: LONGEST_URL,
  format: 'uri',
  example: 'https://backend.example.com/ringback',
};

const EVENT_TYPES = {
  enum: WEBHOOK_TYPES,
  isArray: true,
  nullable: true,
  description: 'The types of changes that the endpoint receives, and `protection.frozen` for freezes; `null` for all.',
  example: ['call.answered', 'call.over'],
};

const eventTypesRule: FieldRule = (value) => {
  if (value === null) return null;
  const types: readonly unknown[] = Array.isArray(value) ? value : [];
  const areKnown = types.length > 0 && types.every((type) => WEBHOOK_TYPES.some((known) => known === type));
  if (!areKnown) return `must be null, or a list of ${WEBHOOK_TYPES.join(', ')}`;
  return new Set(types).size < types.length ? 'must name a type once only' : null;
};

export class NewWebhookEndpoint {
  @ApiProperty(URL_OF_ENDPOINT)
  @Satisfies(textRule(LONGEST_URL))
  url: string;

  @ApiPropertyOptional({ ...EVENT_TYPES, default: null })
  @Satisfies(eventTypesRule)
  eventTypes: WebhookType[] | null = null;
}

export class WebhookEndpointChangeBody implements EndpointChange {
  @ApiPropertyOptional(URL_OF_ENDPOINT)
  @Optional()
  @Satisfies(textRule(LONGEST_URL))
  url?: string;

  @ApiPropertyOptional(EVENT_TYPES)
  @Optional()
  @Satisfies(eventTypesRule)
  eventTypes?: WebhookType[] | null;

  @ApiPropertyOptional({ description: '`false` pauses deliveries, `true` resumes them.', example: true })
  @Optional()
  @Satisfies(booleanRule)
  enabled?: boolean;
}

export class WebhookEndpointReply implements ShownEndpoint {
  @ApiProperty({ description: 'A Long, as a string.', example: '1' })
  id: string;

  @ApiProperty({ description: 'The URL in its normalized form.', example: URL_OF_ENDPOINT.example })
  url: string;

  @ApiProperty({ ...EVENT_TYPES, example: null })
  eventTypes: WebhookType[] | null;

  @ApiProperty({ description: 'Whether deliveries are sent.', example: true })
  enabled: boolean;

  @ApiProperty({ type: String, format: 'date-time', example: AN_INSTANT })
  createdAt: Date;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'The first failure since the last success; `null` without one.',
    example: null,
  })
  failingSince: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  disabledAt: Date | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the endpoint is disabled, for people.',
    example: null,
  })
  disabledReason: string | null;
}

const SECRET = {
  description: 'Signs every delivery (Standard Webhooks). No other reply shows it.',
  format: 'password',
  example: A_SECRET,
};

export class CreatedWebhookEndpointReply extends WebhookEndpointReply {
  @ApiProperty(SECRET)
  secret: string;
}

export class NewWebhookSecretReply {
  @ApiProperty(SECRET)
  secret: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'Until this time, the previous secret also signs, in the same header.',
    example: '2026-11-25T10:16:09.254Z',
  })
  previousSecretUntil: Date;
}

export class WebhookTestReply implements TestedEndpoint {
  @ApiProperty({ description: 'Whether it answered with 2xx within 15 seconds.', example: false })
  delivered: boolean;

  @ApiProperty({
    description: 'The `webhook-id` of the message.',
    example: 'test-7d3f1c52-6b0e-4f0a-9c1d-2f6f0a5b8e11',
  })
  webhookId: string;

  @ApiProperty({ type: 'integer', example: 12 })
  durationMs: number;

  @ApiProperty({ type: 'integer', nullable: true, description: '`null` without a response.', example: 401 })
  status: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: '`null` if it was delivered.',
    example: 'It answered 401.',
  })
  error: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The beginning of the response.',
    example: 'the signature is wrong',
  })
  response: string | null;
}

export class WebhookEndpointPage {
  @ApiProperty({ type: [WebhookEndpointReply] })
  items: readonly WebhookEndpointReply[];

  @ApiProperty({ type: String, nullable: true, description: 'For `after`; `null` on the last page.', example: '1' })
  next: string | null;
}
