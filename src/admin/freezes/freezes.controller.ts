import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { Requires } from '../../auth/access.js';
import { Freezes } from '../../call/freezing/freezes.service.js';
import { AdminApi } from '../../http/problem-response.js';
import { Author } from '../author.js';
import { PageQuery } from '../page-query.js';
import { FreezeBody, freezeReply, type FreezePage, type FrozenReply } from './freeze.dto.js';
import { FreezeApi, LiftFreezeApi, ListFreezesApi } from './freezes.openapi.js';

@Controller('v1/admin/freezes')
@Requires('admin:read', 'admin:protection:write')
@AdminApi('Freezes')
export class FreezesController {
  constructor(private readonly freezes: Freezes) {}

  @Post()
  @FreezeApi()
  async freeze(
    @Author() author: AuditAuthor,
    @Body() body: FreezeBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FrozenReply> {
    const { freeze, isNew, hangUps } = await this.freezes.freeze(body, author);
    void reply.status(isNew ? 201 : 200);
    return Object.assign(freezeReply(freeze), { hangUps });
  }

  @Get()
  @ListFreezesApi()
  async list(@Query() query: PageQuery): Promise<FreezePage> {
    const { items, next } = await this.freezes.list(query);
    return { items: items.map(freezeReply), next };
  }

  @Delete(':freezeId')
  @HttpCode(204)
  @LiftFreezeApi()
  lift(@Author() author: AuditAuthor, @Param('freezeId') id: string): Promise<void> {
    return this.freezes.lift(id, author);
  }
}
