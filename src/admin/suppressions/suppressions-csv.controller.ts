import { Readable } from 'node:stream';
import { Body, Controller, Get, Put, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { Requires } from '../../auth/access.js';
import { SuppressionTransfer } from '../../directory/suppression-transfer.service.js';
import { AdminApi } from '../../http/problem-response.js';
import { Author } from '../author.js';
import type { SuppressionsStored } from './suppression.dto.js';
import { ExportSuppressionsApi, ImportSuppressionsApi } from './suppressions-csv.openapi.js';

/** 50,000 rows with 40 Chinese characters each. */
const IMPORT_LIMIT_BYTES = 8 * 1024 * 1024;

@Controller('v1/admin/suppressions.csv')
@Requires('admin')
@AdminApi()
export class SuppressionsCsvController {
  constructor(private readonly transfer: SuppressionTransfer) {}

  @Get()
  @ExportSuppressionsApi()
  async export(@Author() author: AuditAuthor, @Res() reply: FastifyReply): Promise<void> {
    const parts = await this.transfer.exportAll(author);
    void reply
      .type('text/csv; charset=utf-8; header=present')
      .header('content-disposition', 'attachment; filename="suppressions.csv"')
      .send(Readable.from(parts));
  }

  @Put()
  @RouteConfig({ csvBody: true, bodyLimitBytes: IMPORT_LIMIT_BYTES })
  @ImportSuppressionsApi()
  import(@Author() author: AuditAuthor, @Body() body: unknown): Promise<SuppressionsStored> {
    return this.transfer.importAll(Buffer.isBuffer(body) ? body : Buffer.alloc(0), author);
  }
}
