import { ApiProperty } from '@nestjs/swagger';
import { END_REASONS, type EndReason } from '../../call/record/call-lifecycle.js';
import type {
  Delay,
  Statistics,
  StatisticsBucket,
  StatisticsGroup,
} from '../../call/statistics/call-statistics.service.js';

const count = (description: string, example: number) => ({
  type: 'integer' as const,
  minimum: 0,
  description,
  example,
});

class DelayReply implements Delay {
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'In seconds. Half of the calls took no longer. `null` if there are none.',
    example: 3.1,
  })
  median: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'In seconds. 95 % of the calls took no longer. `null` if there are none.',
    example: 7.4,
  })
  percentile95: number | null;
}

class StatisticsGroupReply implements StatisticsGroup {
  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'A provider, the `id` of a service line, or a country. `null` for calls to users (`by=serviceLine`), for numbers of no country, and ' +
      'for all calls (`by=none`).',
    example: 'simulator',
  })
  key: string | null;

  @ApiProperty(count('Calls that were requested in the bucket and are over.', 1200))
  calls: number;

  @ApiProperty(count('The callee answered.', 900))
  answered: number;

  @ApiProperty(count('The end reason is `completed`.', 890))
  completed: number;

  @ApiProperty({
    type: Number,
    description: 'The sum of `talkSeconds` of the calls, in minutes, to the hundredth.',
    example: 2710.35,
  })
  talkMinutes: number;

  @ApiProperty({
    type: DelayReply,
    description: 'From the request to the ringing of the callee, of the calls that rang.',
    example: { median: 3.1, percentile95: 7.4 },
  })
  postDialDelay: DelayReply;

  @ApiProperty({
    type: DelayReply,
    description: 'From the request to the answer, of the calls that were answered.',
    example: { median: 9.2, percentile95: 21.5 },
  })
  timeToAnswer: DelayReply;

  @ApiProperty({
    type: 'object',
    properties: Object.fromEntries(END_REASONS.map((reason) => [reason, { type: 'integer', minimum: 0 }])),
    required: [...END_REASONS],
    selfRequired: true,
    additionalProperties: false,
    description: 'How many calls ended for which reason. Their sum is `calls`.',
    example: {
      completed: 890,
      canceled: 60,
      busy: 70,
      no_answer: 120,
      rejected: 30,
      unreachable: 20,
      failed: 9,
      lost: 1,
    },
  })
  endReasons: Readonly<Record<EndReason, number>>;
}

class StatisticsBucketReply implements StatisticsBucket {
  @ApiProperty({ type: String, format: 'date-time', example: '2026-11-23T16:00:00.000Z' })
  from: Date;

  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'Not of the bucket.',
    example: '2026-11-24T16:00:00.000Z',
  })
  to: Date;

  @ApiProperty({
    type: [StatisticsGroupReply],
    description: 'Those with calls, the largest first. With `by=none` there is one, also without calls.',
  })
  groups: readonly StatisticsGroupReply[];
}

export class StatisticsReply implements Statistics {
  @ApiProperty({ example: 'Asia/Shanghai' })
  timeZone: string;

  @ApiProperty({
    description:
      'False after an upgrade from a version without statistics, until the calls of before it have been counted in the background.',
    example: true,
  })
  isComplete: boolean;

  @ApiProperty({ type: [StatisticsBucketReply], description: 'In the order of time, without gaps.' })
  buckets: readonly StatisticsBucketReply[];
}
