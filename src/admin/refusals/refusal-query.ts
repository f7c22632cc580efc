import { ApiPropertyOptional } from '@nestjs/swagger';
import { PLACING_FAULTS } from '../../call/placement/not-placed.js';
import type { RefusalFilter } from '../../call/search/refused-calls.service.js';
import { userIdOrExternalIdRule, type FieldRule } from '../../directory/field-rules.js';
import { Optional, Satisfies } from '../../directory/satisfies.js';
import { InstantParameter } from '../instant-parameter.js';
import { PageQuery } from '../page-query.js';
import { USER_NAME } from '../users/user-name.openapi.js';

/** A caller who is in a call is not listed: that call is on record. */
export const LISTED_FAULTS = PLACING_FAULTS.filter((fault) => fault !== 'caller_in_a_call');

const faultRule: FieldRule = (value) =>
  LISTED_FAULTS.some((fault) => fault === value) ? null : `must be one of ${LISTED_FAULTS.join(', ')}`;

/** A refusal must match all of them. */
export class RefusalQuery extends PageQuery implements RefusalFilter {
  @ApiPropertyOptional({
    ...USER_NAME,
    description: `The caller. ${USER_NAME.description} A user who is named by \`id\` may have been removed.`,
  })
  @Optional()
  @Satisfies(userIdOrExternalIdRule)
  userId?: string;

  @ApiPropertyOptional({ enum: LISTED_FAULTS, description: 'Why the call was not placed.' })
  @Optional()
  @Satisfies(faultRule)
  fault?: string;

  @InstantParameter('At this time or later (RFC 3339).', '2026-11-24T00:00:00+08:00')
  from?: Date;

  @InstantParameter('Before this time (RFC 3339); later than `from`.', '2026-11-25T00:00:00+08:00')
  to?: Date;
}
