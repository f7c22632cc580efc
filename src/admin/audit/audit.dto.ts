import { ApiProperty } from '@nestjs/swagger';
import type { AuditEntry, Facts } from '../../audit/audit-entry.entity.js';
import { AN_INSTANT, textOrNull } from '../../call/search/call-view.openapi.js';

const factsOrNull = (description: string, example: Facts | null) =>
  ({ type: 'object', additionalProperties: true, nullable: true, description, example }) as const;

export class AuditEntryReply implements Readonly<AuditEntry> {
  @ApiProperty({ description: 'A Long, as a string.', example: '1' })
  id: string;

  @ApiProperty({ type: String, format: 'date-time', description: 'By the database’s clock.', example: AN_INSTANT })
  at: Date;

  @ApiProperty({ description: 'Of the token (a user id) or of the API key (`key:1`).', example: '1001' })
  subject: string;

  @ApiProperty(textOrNull('The token’s `jti`; `null` if it has none, and for an API key.', null))
  tokenId: string | null;

  @ApiProperty(textOrNull('The id of the API key; `null` for a token.', null))
  apiKeyId: string | null;

  @ApiProperty({ description: 'The operationId of the request in this document.', example: 'changeUser' })
  action: string;

  @ApiProperty({ example: 'PATCH /v1/admin/users/{userId}' })
  route: string;

  @ApiProperty(textOrNull('What was changed or read; `null` for a list.', 'user:1001'))
  target: string | null;

  @ApiProperty(factsOrNull('The fields that changed, as they were. Phone numbers are masked.', { blocked: false }))
  before: Facts | null;

  @ApiProperty(
    factsOrNull('The fields that changed, as they are since. Of a hang-up, its `outcome`.', { blocked: true }),
  )
  after: Facts | null;

  @ApiProperty(factsOrNull('Other facts: the query of a search, how many users a sync changed.', null))
  detail: Facts | null;

  @ApiProperty({ description: 'The client’s IP address, as reported by trusted proxies.', example: '192.0.2.7' })
  address: string;

  @ApiProperty({ description: 'The id of the request on its log lines.', example: '5d7e2d3a9f10-1c8' })
  requestId: string;
}

export class AuditPage {
  @ApiProperty({ type: [AuditEntryReply] })
  items: readonly AuditEntryReply[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'For `after`; `null` on the last page.',
    example: '1764000000000-1',
  })
  next: string | null;
}
