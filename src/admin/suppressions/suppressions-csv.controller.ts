import { Body, Controller, Get, Put, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import type { Principal } from '../../auth/access-token.js';
import { Caller, mayReadNumbers, Requires } from '../../auth/access.js';
import { SuppressionTransfer } from '../../directory/suppression-transfer.service.js';
import { AdminApi } from '../../http/problem-response.js';
import { Author } from '../author.js';
import { CSV_LIMIT_BYTES, csvOf, sendCsv } from '../csv-file.js';
import { LastingResponses } from '../lasting-responses.js';
import type { SuppressionsStored } from './suppression.dto.js';
import { ExportSuppressionsApi, ImportSuppressionsApi } from './suppressions-csv.openapi.js';

@Controller('v1/admin/suppressions.csv')
@Requires('admin:read', 'admin:protection:write')
@AdminApi('Suppressions')
export class SuppressionsCsvController {
  constructor(
    private readonly transfer: SuppressionTransfer,
    private readonly lasting: LastingResponses,
  ) {}

  @Get()
  @RouteConfig({ isLasting: true })
  @ExportSuppressionsApi()
  async export(@Author() author: AuditAuthor, @Caller() caller: Principal, @Res() reply: FastifyReply): Promise<void> {
    this.lasting.watch(caller, reply);
    sendCsv(reply, 'suppressions.csv', await this.transfer.exportAll(author, mayReadNumbers(caller)));
  }

  @Put()
  @RouteConfig({ csvBody: true, bodyLimitBytes: CSV_LIMIT_BYTES })
  @ImportSuppressionsApi()
  import(@Author() author: AuditAuthor, @Body() body: unknown): Promise<SuppressionsStored> {
    return this.transfer.importAll(csvOf(body).text, author);
  }
}
