/** Swagger documentation of the statistics. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { MAX_BUCKETS, TOO_MANY } from '../../call/statistics/call-statistics.service.js';
import { EMPTY_RANGE } from '../../common/time-range.js';
import { problem } from '../../http/problem-response.js';
import { StatisticsReply } from './statistics.dto.js';

export const StatisticsApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'getStatistics',
      summary: 'Figures of calls',
      description:
        'A call counts once it is over, in the bucket of its request, within about a second of its end. A late report that corrects an ' +
        'end corrects the figures too. Counts and minutes are exact: those of the records. They stay when `RETENTION_DAYS` drops ' +
        'the records.\n\n' +
        'Medians and percentiles come from histograms: each is within 5 % of that of the records, or 25 ms for delays under ' +
        '50 ms.\n\n' +
        'Buckets follow the clock of `timeZone`. On the day on which clocks change, a day has 23 or 25 hours. An hour that clocks ' +
        `show twice is two buckets. There are at most ${MAX_BUCKETS} buckets.`,
    }),
    ApiResponse({ status: 200, description: 'The figures.', type: StatisticsReply }),
    problem('BAD_REQUEST', 'A parameter is missing, wrong or unknown; `errors` names each.', {
      errors: [EMPTY_RANGE, TOO_MANY],
    }),
  );
