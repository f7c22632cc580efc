import { Controller, Get, Query } from '@nestjs/common';
import { Requires } from '../../auth/access.js';
import { RefusedCallsService } from '../../call/search/refused-calls.service.js';
import { AdminApi } from '../../http/problem-response.js';
import type { RefusalPage } from './refusal.dto.js';
import { RefusalQuery } from './refusal-query.js';
import { ListRefusalsApi } from './refusals.openapi.js';

@Controller('v1/admin/refusals')
@Requires('admin:read')
@AdminApi('Refused calls')
export class RefusalsController {
  constructor(private readonly refused: RefusedCallsService) {}

  @Get()
  @ListRefusalsApi()
  list(@Query() query: RefusalQuery): Promise<RefusalPage> {
    return this.refused.list(query, query);
  }
}
