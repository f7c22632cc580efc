import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { SCOPES, type Scope } from '../../auth/access.js';
import type { ShownKey } from '../../auth/api-keys/api-keys.service.js';
import { AN_INSTANT } from '../../call/search/call-view.openapi.js';
import {
  instantOf,
  instantRule,
  NAME_LENGTH,
  nameRule,
  trimmed,
  wholeNumberRule,
  type FieldRule,
} from '../../directory/field-rules.js';
import { Optional, Satisfies } from '../../directory/satisfies.js';

const DAY_SECONDS = 86_400;
const LONGEST_OVERLAP_SECONDS = 90 * DAY_SECONDS;

const NAME = {
  description: 'Who uses the key, for people. Blanks around it are dropped.',
  minLength: 1,
  maxLength: NAME_LENGTH,
  example: 'crm',
};

const KEY_SCOPES = {
  enum: SCOPES,
  isArray: true,
  description:
    'The scopes of the key, as for a token. `calls:write` includes `calls:read`, and `admin` all others that begin with it.',
  example: ['calls:write'],
};

const EXPIRES_AT = {
  type: String,
  format: 'date-time',
  nullable: true,
  example: '2099-11-24T10:16:03Z',
} as const;

const scopesRule: FieldRule = (value) => {
  const scopes: readonly unknown[] = Array.isArray(value) ? value : [];
  const areKnown = scopes.length > 0 && scopes.every((scope) => SCOPES.some((known) => known === scope));
  if (!areKnown) return `must be a list of ${SCOPES.join(', ')}`;
  return new Set(scopes).size < scopes.length ? 'must name a scope once only' : null;
};

const futureRule: FieldRule = (value) => {
  const fault = instantRule(value);
  return fault ?? ((value as Date).getTime() > Date.now() ? null : 'must be in the future');
};

export class NewApiKey {
  @ApiProperty(NAME)
  @Transform(({ value }) => trimmed(value))
  @Satisfies(nameRule)
  name: string;

  @ApiProperty(KEY_SCOPES)
  @Satisfies(scopesRule)
  scopes: Scope[];

  @ApiPropertyOptional({
    ...EXPIRES_AT,
    default: null,
    description: 'When the key expires (RFC 3339); `null` for never.',
  })
  @Transform(({ value }) => instantOf(value))
  @Satisfies((value) => (value === null ? null : futureRule(value)))
  expiresAt: Date | null = null;
}

export class ApiKeyRotation {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: LONGEST_OVERLAP_SECONDS,
    default: DAY_SECONDS,
    description: 'For how many seconds the previous key is still accepted. Use 0 if it has leaked.',
    example: DAY_SECONDS,
  })
  @Satisfies(wholeNumberRule(0, LONGEST_OVERLAP_SECONDS))
  overlapSeconds: number = DAY_SECONDS;

  @ApiPropertyOptional({
    ...EXPIRES_AT,
    nullable: false,
    description: 'When the new key expires. By default it has the same lifetime as the previous key.',
  })
  @Optional()
  @Transform(({ value }) => instantOf(value))
  @Satisfies(futureRule)
  expiresAt?: Date;
}

const instantOrNone = (description: string, example: string | null = null) => ({
  type: String,
  format: 'date-time',
  nullable: true,
  description,
  example,
});

export class ApiKeyReply implements ShownKey {
  @ApiProperty({ description: 'A Long, as a string. Log lines have it as `apiKey`.', example: '1' })
  id: string;

  @ApiProperty({ description: NAME.description, example: NAME.example })
  name: string;

  @ApiProperty(KEY_SCOPES)
  scopes: Scope[];

  @ApiProperty({ description: 'The beginning of the key, to recognize it.', example: 'rbk_4fT0cAzK' })
  prefix: string;

  @ApiProperty({
    description: '`placedBy` of the calls that it places, and the owner of its idempotency keys. A rotation keeps it.',
    example: 'key:1',
  })
  subject: string;

  @ApiProperty({ description: 'Whether the key is accepted.', example: true })
  active: boolean;

  @ApiProperty({ description: 'The user id of the administrator who made it.', example: '1001' })
  createdBy: string;

  @ApiProperty({ type: String, format: 'date-time', example: AN_INSTANT })
  createdAt: Date;

  @ApiProperty(instantOrNone('When it ends, or has ended, by itself; `null` for never.'))
  expiresAt: Date | null;

  @ApiProperty(instantOrNone('When it got a successor.'))
  rotatedAt: Date | null;

  @ApiProperty(instantOrNone('When an administrator revoked it.'))
  revokedAt: Date | null;

  @ApiProperty(instantOrNone('To the minute; `null` if it was never used.', AN_INSTANT))
  lastUsedAt: Date | null;
}

export class CreatedApiKeyReply extends ApiKeyReply {
  @ApiProperty({
    description: 'The key. No other reply shows it, and Ringback does not store it.',
    format: 'password',
    example: 'rbk_…',
  })
  key: string;
}

export class RotatedApiKeyReply extends CreatedApiKeyReply {
  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'Until this time, the previous key is accepted too.',
    example: '2026-11-25T10:16:09.254Z',
  })
  previousKeyUntil: Date;
}

export class ApiKeyPage {
  @ApiProperty({ type: [ApiKeyReply] })
  items: readonly ApiKeyReply[];

  @ApiProperty({ type: String, nullable: true, description: 'For `after`; `null` on the last page.', example: '1' })
  next: string | null;
}
