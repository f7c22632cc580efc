import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { END_REASONS, StateType, type EndReason } from '../../call/record/call-lifecycle.js';
import { isWrittenPhone } from '../../common/phone-number.js';
import { NOT_DIALABLE } from '../../directory/dialable-phone.js';
import { textRule, userIdOrExternalIdRule, type FieldRule } from '../../directory/field-rules.js';
import { Satisfies, Optional } from '../../directory/satisfies.js';
import { InstantParameter } from '../instant-parameter.js';
import { PageQuery } from '../page-query.js';
import { USER_NAME } from '../users/user-name.openapi.js';

const STATE_TYPES = Object.values(StateType);

const phoneRule: FieldRule = (value) => (isWrittenPhone(value) ? null : NOT_DIALABLE);

const stateRule: FieldRule = (value) =>
  STATE_TYPES.some((state) => state === value) ? null : `must be one of ${STATE_TYPES.join(', ')}`;

const endReasonRule: FieldRule = (value) =>
  END_REASONS.some((reason) => reason === value) ? null : `must be one of ${END_REASONS.join(', ')}`;

const stateType = ({ value }: { value: unknown }): unknown =>
  STATE_TYPES.find((state) => String(state) === value) ?? value;

/** The filters of a call search. A call must match all of them. */
export class CallQuery extends PageQuery {
  @ApiPropertyOptional({
    ...USER_NAME,
    description: `The caller or the callee. ${USER_NAME.description} A user who is named by \`id\` may have been removed.`,
  })
  @Optional()
  @Satisfies(userIdOrExternalIdRule)
  userId?: string;

  @ApiPropertyOptional({
    description: 'The dialled number of either leg, in any common notation.',
    example: '138 0000 2000',
  })
  @Optional()
  @Satisfies(phoneRule)
  phone?: string;

  @ApiPropertyOptional({
    name: 'stateType',
    enum: STATE_TYPES.map(String),
    description: '`1` requested, `2` ringing, `3` answered, `4` over.',
  })
  @Optional()
  @Transform(stateType)
  @Satisfies(stateRule)
  stateType?: StateType;

  @ApiPropertyOptional({ enum: END_REASONS, description: 'Why the call is over.' })
  @Optional()
  @Satisfies(endReasonRule)
  endReason?: EndReason;

  @ApiPropertyOptional({
    description: 'The name of a provider. It need not be configured any more.',
    example: 'simulator',
  })
  @Optional()
  @Satisfies(textRule(64))
  provider?: string;

  @InstantParameter('Requested at this time or later (RFC 3339).', '2026-11-24T00:00:00+08:00')
  from?: Date;

  @InstantParameter('Requested before this time (RFC 3339); later than `from`.', '2026-11-25T00:00:00+08:00')
  to?: Date;
}
