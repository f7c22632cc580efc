import { Controller, Get, Query, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import type { Principal } from '../../auth/access-token.js';
import { Caller, Requires } from '../../auth/access.js';
import { AdminApi } from '../../http/problem-response.js';
import { Author } from '../author.js';
import { CallExports } from './call-exports.service.js';
import { ExportCallsAsCsvApi, ExportCallsAsNdjsonApi } from './call-exports.openapi.js';
import { callsAsCsv, callsAsNdjson } from './call-files.js';
import { CallFilterQuery } from './call-query.js';

@Controller('v1/admin')
@Requires('admin:read')
@AdminApi('Call records')
export class CallExportsController {
  constructor(private readonly exports: CallExports) {}

  @Get('calls.csv')
  @RouteConfig({ isLasting: true })
  @ExportCallsAsCsvApi()
  csv(
    @Author() author: AuditAuthor,
    @Caller() caller: Principal,
    @Query() query: CallFilterQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.exports.send({ query, file: callsAsCsv(query.timeZone), author, caller }, reply);
  }

  @Get('calls.ndjson')
  @RouteConfig({ isLasting: true })
  @ExportCallsAsNdjsonApi()
  ndjson(
    @Author() author: AuditAuthor,
    @Caller() caller: Principal,
    @Query() query: CallFilterQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.exports.send({ query, file: callsAsNdjson(query.timeZone), author, caller }, reply);
  }
}
