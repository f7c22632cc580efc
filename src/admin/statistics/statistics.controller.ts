import { Controller, Get, Query } from '@nestjs/common';
import { Requires } from '../../auth/access.js';
import { CallStatistics } from '../../call/statistics/call-statistics.service.js';
import { AdminApi } from '../../http/problem-response.js';
import { StatisticsQuery } from './statistics-query.js';
import type { StatisticsReply } from './statistics.dto.js';
import { StatisticsApi } from './statistics.openapi.js';

@Controller('v1/admin/statistics')
@Requires('admin')
@AdminApi('Statistics')
export class StatisticsController {
  constructor(private readonly statistics: CallStatistics) {}

  @Get()
  @StatisticsApi()
  read(@Query() query: StatisticsQuery): Promise<StatisticsReply> {
    return this.statistics.read(query);
  }
}
