import { ApiPropertyOptional } from '@nestjs/swagger';
import type { AuditFilter } from '../../audit/list-entries.js';
import { textRule } from '../../directory/field-rules.js';
import { Optional, Satisfies } from '../../directory/satisfies.js';
import { InstantParameter } from '../instant-parameter.js';
import { PageQuery } from '../page-query.js';

const LONGEST = 200;

/** An entry must match all of them. */
export class AuditQuery extends PageQuery implements AuditFilter {
  @ApiPropertyOptional({ description: 'Of the token (a user id) or of the API key (`key:1`).', example: '1001' })
  @Optional()
  @Satisfies(textRule(LONGEST))
  subject?: string;

  @ApiPropertyOptional({ description: 'The operationId of a request in this document.', example: 'changeUser' })
  @Optional()
  @Satisfies(textRule(LONGEST))
  action?: string;

  @ApiPropertyOptional({
    description:
      'What was changed or read: `user:1001`, `sub-account:1001/simulator`, `service-line:1`, `webhook-endpoint:1`, `api-key:1`, or ' +
      '`call:` and a callSid.',
    example: 'user:1001',
  })
  @Optional()
  @Satisfies(textRule(LONGEST))
  target?: string;

  @InstantParameter('At this time or later (RFC 3339).', '2026-11-24T00:00:00+08:00')
  from?: Date;

  @InstantParameter('Before this time (RFC 3339); later than `from`.', '2026-11-25T00:00:00+08:00')
  to?: Date;
}
