import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../auth/access.js';
import { ServiceLineService } from '../../directory/service-line.service.js';
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
@Requires('admin')
@AdminApi()
export class ServiceLinesController {
  constructor(private readonly lines: ServiceLineService) {}

  @Post()
  @CreateServiceLineApi()
  async create(
    @Body() body: NewServiceLine,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ServiceLineReply> {
    const line = await this.lines.create(body);
    void reply.header('location', `/v1/admin/service-lines/${line.id}`);
    return line;
  }

  @Get()
  @ListServiceLinesApi()
  list(@Query() query: PageQuery): Promise<ServiceLinePage> {
    return this.lines.list(query);
  }

  @Get(':lineId')
  @FindServiceLineApi()
  find(@Param('lineId') lineId: string): Promise<ServiceLineReply> {
    return this.lines.find(lineId);
  }

  @Patch(':lineId')
  @ChangeServiceLineApi()
  change(@Param('lineId') lineId: string, @Body() body: ServiceLineChangeBody): Promise<ServiceLineReply> {
    return this.lines.change(lineId, body);
  }

  @Delete(':lineId')
  @HttpCode(204)
  @RemoveServiceLineApi()
  remove(@Param('lineId') lineId: string): Promise<void> {
    return this.lines.remove(lineId);
  }
}
