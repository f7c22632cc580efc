import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { GROUPED_BY, type GroupedBy, type StatisticsRequest } from '../../call/statistics/call-statistics.service.js';
import { PERIODS, type Period } from '../../call/statistics/time-buckets.js';
import { isTimeZone } from '../../common/local-time.js';
import { textRule, type FieldRule } from '../../directory/field-rules.js';
import { Optional, Satisfies } from '../../directory/satisfies.js';

const oneOf =
  (known: readonly string[]): FieldRule =>
  (value) =>
    known.some((one) => one === value) ? null : `must be one of ${known.join(', ')}`;

const timeZoneRule: FieldRule = (value) =>
  typeof value === 'string' && isTimeZone(value)
    ? null
    : 'must be a name of the IANA database such as Asia/Shanghai, or UTC';

const A_TIME = 'a date of `timeZone`, which is its midnight, or a time on a quarter of an hour (RFC 3339)';

export class StatisticsQuery implements StatisticsRequest {
  @ApiProperty({ description: `Calls that were requested at this time or later: ${A_TIME}.`, example: '2026-11-01' })
  @Satisfies(textRule(40))
  from: string;

  @ApiProperty({
    description: `Calls that were requested before this time, which is later than \`from\`: ${A_TIME}.`,
    example: '2026-12-01',
  })
  @Satisfies(textRule(40))
  to: string;

  @ApiPropertyOptional({
    enum: PERIODS,
    default: 'none',
    description:
      'How long a bucket is, by the clock of `timeZone`. A week begins on Monday. `none`: one bucket. The first and the last bucket end ' +
      'at `from` and `to`.',
  })
  @Optional()
  @Satisfies(oneOf(PERIODS))
  every: Period = 'none';

  @ApiPropertyOptional({
    enum: GROUPED_BY,
    default: 'none',
    description:
      'What the calls of a bucket are grouped by. `provider`: the last one that was tried. `country`: of the callee’s number, two ' +
      'letters of ISO 3166.',
  })
  @Optional()
  @Satisfies(oneOf(GROUPED_BY))
  by: GroupedBy = 'none';

  @ApiPropertyOptional({ type: String, description: 'Of the IANA database.', default: 'UTC', example: 'Asia/Shanghai' })
  @Optional()
  @Satisfies(timeZoneRule)
  timeZone = 'UTC';
}
