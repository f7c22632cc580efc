import { ApiPropertyOptional, PickType } from '@nestjs/swagger';
import type { LiveFilter } from '../../call/live/live-filter.js';
import { userIdRule } from '../../directory/field-rules.js';
import { Optional, Satisfies } from '../../directory/satisfies.js';
import { CallFilterQuery } from '../calls/call-query.js';

/** The filters of the search that do not concern the end of a call. A call must match all of them. */
export class LiveCallsQuery
  extends PickType(CallFilterQuery, [
    'userId',
    'callerId',
    'calleeId',
    'provider',
    'phone',
    'stateType',
    'from',
    'to',
    'timeZone',
  ])
  implements LiveFilter
{
  @ApiPropertyOptional({ description: 'The `id` of a service line.', example: '1' })
  @Optional()
  @Satisfies(userIdRule)
  serviceLineId?: string;
}
