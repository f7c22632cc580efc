import { Controller, Get, Query } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.service.js';
import { Requires } from '../../auth/access.js';
import { AdminApi } from '../../http/problem-response.js';
import type { AuditPage } from './audit.dto.js';
import { AuditQuery } from './audit-query.js';
import { ListAuditApi } from './audit.openapi.js';

@Controller('v1/admin/audit')
@Requires('admin:audit:read')
@AdminApi('Audit')
export class AuditController {
  constructor(private readonly log: AuditLog) {}

  @Get()
  @ListAuditApi()
  list(@Query() query: AuditQuery): Promise<AuditPage> {
    return this.log.list(query, query);
  }
}
