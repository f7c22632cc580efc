import { Controller, Get, Query } from '@nestjs/common';
import { Requires } from '../../auth/access.js';
import { DryRunService } from '../../call/placement/dry-run.service.js';
import { DryRunQuery, type DryRunReply } from './dry-run.dto.js';
import { DryRunApi } from '../providers/providers.openapi.js';
import { AdminApi } from '../../http/problem-response.js';

@Controller('v1/admin/dry-run')
@Requires('admin')
@AdminApi()
export class DryRunController {
  constructor(private readonly dryRuns: DryRunService) {}

  @Get()
  @DryRunApi()
  dryRun(@Query() query: DryRunQuery): Promise<DryRunReply> {
    return this.dryRuns.dryRun(query);
  }
}
