import { ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { END_REASONS, StateType, type EndReason } from '../../call/record/call-lifecycle.js';
import { isWrittenPhone } from '../../common/phone-number.js';
import { NOT_DIALABLE } from '../../directory/dialable-phone.js';
import { textRule, userIdOrExternalIdRule, type FieldRule } from '../../directory/field-rules.js';
import { Satisfies, Optional } from '../../directory/satisfies.js';
import { BooleanParameter } from '../boolean-parameter.js';
import { DayOrInstantParameter } from '../day-or-instant-parameter.js';
import { PageQuery } from '../page-query.js';
import { TimeZoneParameter } from '../time-zone-parameter.js';
import { USER_NAME } from '../users/user-name.openapi.js';

const STATE_TYPES = Object.values(StateType);

const phoneRule: FieldRule = (value) => (isWrittenPhone(value) ? null : NOT_DIALABLE);

const eachOf =
  (known: readonly (string | number)[]): FieldRule =>
  (value) =>
    Array.isArray(value) && value.every((one) => known.includes(one as string | number))
      ? null
      : `must be one of ${known.join(', ')}; repeat the parameter for several`;

/** A parameter that comes once is a text, one that is repeated a list. */
const listOf = (value: unknown): unknown[] => [value].flat();

const stateOf = (value: unknown): unknown => STATE_TYPES.find((state) => String(state) === value) ?? value;

const may = (what: string): string => `${what} A user who is named by \`id\` may have been removed.`;

/** The filters of a call search. A call must match all of them. */
export class CallFilterQuery {
  @ApiPropertyOptional({ ...USER_NAME, description: may(`The caller or the callee. ${USER_NAME.description}`) })
  @Optional()
  @Satisfies(userIdOrExternalIdRule)
  userId?: string;

  @ApiPropertyOptional({ ...USER_NAME, description: may(`The caller. ${USER_NAME.description}`) })
  @Optional()
  @Satisfies(userIdOrExternalIdRule)
  callerId?: string;

  @ApiPropertyOptional({ ...USER_NAME, description: may(`The callee. ${USER_NAME.description}`), example: '2000' })
  @Optional()
  @Satisfies(userIdOrExternalIdRule)
  calleeId?: string;

  @ApiPropertyOptional({
    description: 'The dialled number of either leg, in any common notation.',
    example: '138 0000 2000',
  })
  @Optional()
  @Satisfies(phoneRule)
  phone?: string;

  @ApiPropertyOptional({
    enum: STATE_TYPES.map(String),
    isArray: true,
    description: 'One of these: `1` requested, `2` ringing, `3` answered, `4` over.',
    example: ['2', '3'],
  })
  @Optional()
  @Transform(({ value }) => listOf(value).map(stateOf))
  @Satisfies(eachOf(STATE_TYPES))
  stateType?: StateType[];

  @ApiPropertyOptional({
    enum: END_REASONS,
    isArray: true,
    description: 'Why the call is over: one of these.',
    example: ['busy', 'no_answer'],
  })
  @Optional()
  @Transform(({ value }) => listOf(value))
  @Satisfies(eachOf(END_REASONS))
  endReason?: EndReason[];

  @BooleanParameter({ description: '`true`: the call is not over. `false`: it is.', example: true })
  open?: boolean;

  @BooleanParameter({
    description:
      '`true`: the call is over, and its `endReason` is `completed`. `false`: it is over for another reason.',
    example: false,
  })
  completed?: boolean;

  @ApiPropertyOptional({
    description: 'The name of a provider. It need not be configured any more.',
    example: 'simulator',
  })
  @Optional()
  @Satisfies(textRule(64))
  provider?: string;

  @DayOrInstantParameter(
    'Requested at this time or later (RFC 3339). A date stands for its beginning in `timeZone`.',
    '2026-11-24',
  )
  from?: Date;

  @DayOrInstantParameter(
    'Requested before this time (RFC 3339), later than `from`. A date stands for its beginning in `timeZone`: `2026-12-01` is ' +
      'the end of November.',
    '2026-11-25T00:00:00+08:00',
  )
  to?: Date;

  @TimeZoneParameter('The time zone of a date in `from` or `to`, by its IANA name.')
  timeZone?: string;
}

export class CallQuery extends IntersectionType(CallFilterQuery, PageQuery) {}
