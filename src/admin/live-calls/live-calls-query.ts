import { ApiPropertyOptional } from '@nestjs/swagger';
import type { LiveFilter } from '../../call/live/live-filter.js';
import { isWrittenPhone } from '../../common/phone-number.js';
import { NOT_DIALABLE } from '../../directory/dialable-phone.js';
import { textRule, userIdOrExternalIdRule, userIdRule, type FieldRule } from '../../directory/field-rules.js';
import { Optional, Satisfies } from '../../directory/satisfies.js';
import { USER_NAME } from '../users/user-name.openapi.js';

const phoneRule: FieldRule = (value) => (isWrittenPhone(value) ? null : NOT_DIALABLE);

/** A call must match all of them. */
export class LiveCallsQuery implements LiveFilter {
  @ApiPropertyOptional({ ...USER_NAME, description: `The caller or the callee. ${USER_NAME.description}` })
  @Optional()
  @Satisfies(userIdOrExternalIdRule)
  userId?: string;

  @ApiPropertyOptional({ ...USER_NAME, description: `The caller. ${USER_NAME.description}` })
  @Optional()
  @Satisfies(userIdOrExternalIdRule)
  callerId?: string;

  @ApiPropertyOptional({ ...USER_NAME, description: `The callee. ${USER_NAME.description}` })
  @Optional()
  @Satisfies(userIdOrExternalIdRule)
  calleeId?: string;

  @ApiPropertyOptional({ description: 'The `id` of a service line.', example: '1' })
  @Optional()
  @Satisfies(userIdRule)
  serviceLineId?: string;

  @ApiPropertyOptional({ description: 'The name of the provider that was tried last.', example: 'simulator' })
  @Optional()
  @Satisfies(textRule(64))
  provider?: string;

  @ApiPropertyOptional({
    description: 'The dialled number of either leg, in any common notation.',
    example: '138 0000 2000',
  })
  @Optional()
  @Satisfies(phoneRule)
  phone?: string;
}
