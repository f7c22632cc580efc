import { Readable } from 'node:stream';
import { Body, Controller, Get, Put, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { Requires } from '../../auth/access.js';
import { Prices } from '../../call/spending/prices.service.js';
import { AdminApi } from '../../http/problem-response.js';
import { Author } from '../author.js';
import type { PricesReply } from './budget.dto.js';
import { ExportPricesApi, ImportPricesApi } from './money.openapi.js';

/** 50,000 rows of some 80 characters. */
const IMPORT_LIMIT_BYTES = 8 * 1024 * 1024;

@Controller('v1/admin/prices.csv')
@Requires('admin')
@AdminApi()
export class PricesCsvController {
  constructor(private readonly prices: Prices) {}

  @Get()
  @ExportPricesApi()
  async export(@Res() reply: FastifyReply): Promise<void> {
    const parts = await this.prices.exportAll();
    void reply
      .type('text/csv; charset=utf-8; header=present')
      .header('content-disposition', 'attachment; filename="prices.csv"')
      .send(Readable.from(parts));
  }

  @Put()
  @RouteConfig({ csvBody: true, bodyLimitBytes: IMPORT_LIMIT_BYTES })
  @ImportPricesApi()
  import(@Author() author: AuditAuthor, @Body() body: unknown): Promise<PricesReply> {
    return this.prices.replace(Buffer.isBuffer(body) ? body : Buffer.alloc(0), author);
  }
}
