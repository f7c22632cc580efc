import { Body, Controller, Get, Put, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import type { Principal } from '../../auth/access-token.js';
import { Caller, Requires } from '../../auth/access.js';
import { Prices } from '../../call/spending/prices.service.js';
import { AdminApi } from '../../http/problem-response.js';
import { Author } from '../author.js';
import { CSV_LIMIT_BYTES, csvOf, sendCsv } from '../csv-file.js';
import { LastingResponses } from '../lasting-responses.js';
import type { PricesReply } from './budget.dto.js';
import { ExportPricesApi, ImportPricesApi } from './money.openapi.js';

@Controller('v1/admin/prices.csv')
@Requires('admin:read', 'admin:protection:write')
@AdminApi('Money')
export class PricesCsvController {
  constructor(
    private readonly prices: Prices,
    private readonly lasting: LastingResponses,
  ) {}

  @Get()
  @RouteConfig({ isLasting: true })
  @ExportPricesApi()
  async export(@Caller() caller: Principal, @Res() reply: FastifyReply): Promise<void> {
    this.lasting.watch(caller, reply);
    sendCsv(reply, 'prices.csv', await this.prices.exportAll());
  }

  @Put()
  @RouteConfig({ csvBody: true, bodyLimitBytes: CSV_LIMIT_BYTES })
  @ImportPricesApi()
  import(@Author() author: AuditAuthor, @Body() body: unknown): Promise<PricesReply> {
    return this.prices.replace(csvOf(body).text, author);
  }
}
