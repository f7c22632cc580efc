import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { targetOf } from '../../audit/target.js';
import { Requires } from '../../auth/access.js';
import { ServiceLineService } from '../../directory/service-line.service.js';
import { Author } from '../author.js';
import { pageFacts } from '../page-facts.js';
import { PageQuery } from '../page-query.js';
import { AdminApi } from '../../http/problem-response.js';
import {
  NewServiceLine,
  ServiceLineChangeBody,
  type ServiceLinePage,
  type ServiceLineReply,
} from './service-line.dto.js';
import {
  ChangeServiceLineApi,
  CreateServiceLineApi,
  FindServiceLineApi,
  ListServiceLinesApi,
  RemoveServiceLineApi,
} from './service-lines.openapi.js';

@Controller('v1/admin/service-lines')
@Requires('admin:read', 'admin:directory:write')
@AdminApi('Service lines')
export class ServiceLinesController {
  constructor(
    private readonly lines: ServiceLineService,
    private readonly audit: AuditTrail,
  ) {}

  @Post()
  @CreateServiceLineApi()
  async create(
    @Author() author: AuditAuthor,
    @Body() body: NewServiceLine,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ServiceLineReply> {
    const line = await this.lines.create(body, author);
    void reply.header('location', `/v1/admin/service-lines/${line.id}`);
    return line;
  }

  @Get()
  @ListServiceLinesApi()
  list(@Author() author: AuditAuthor, @Query() query: PageQuery): Promise<ServiceLinePage> {
    return this.audit.read(author, this.lines.list(query), (page) => pageFacts(query, page, ({ id }) => id));
  }

  @Get(':lineId')
  @FindServiceLineApi()
  find(@Author() author: AuditAuthor, @Param('lineId') lineId: string): Promise<ServiceLineReply> {
    return this.audit.read(author, this.lines.find(lineId), () => ({ target: targetOf('service-line', lineId) }));
  }

  @Patch(':lineId')
  @ChangeServiceLineApi()
  change(
    @Author() author: AuditAuthor,
    @Param('lineId') lineId: string,
    @Body() body: ServiceLineChangeBody,
  ): Promise<ServiceLineReply> {
    return this.lines.change(lineId, body, author);
  }

  @Delete(':lineId')
  @HttpCode(204)
  @RemoveServiceLineApi()
  remove(@Author() author: AuditAuthor, @Param('lineId') lineId: string): Promise<void> {
    return this.lines.remove(lineId, author);
  }
}
