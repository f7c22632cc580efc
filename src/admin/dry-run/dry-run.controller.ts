import { Controller, Get, Query } from '@nestjs/common';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { Requires } from '../../auth/access.js';
import { DryRunService } from '../../call/placement/dry-run.service.js';
import { Author } from '../author.js';
import { DryRunQuery, type DryRunReply } from './dry-run.dto.js';
import { DryRunApi } from '../providers/providers.openapi.js';
import { AdminApi } from '../../http/problem-response.js';

@Controller('v1/admin/dry-run')
@Requires('admin:read')
@AdminApi('Providers')
export class DryRunController {
  constructor(
    private readonly dryRuns: DryRunService,
    private readonly audit: AuditTrail,
  ) {}

  @Get()
  @DryRunApi()
  dryRun(@Author() author: AuditAuthor, @Query() query: DryRunQuery): Promise<DryRunReply> {
    const { callerId, calleeId } = query;
    return this.audit.read(author, this.dryRuns.dryRun(query), ({ phone }) => ({
      // A mask shows the last digits of a text, which may be those of an extension.
      detail: { query: { callerId, calleeId, phone: query.phone === undefined ? undefined : phone } },
    }));
  }
}
