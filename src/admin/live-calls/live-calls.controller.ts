import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import type { Principal } from '../../auth/access-token.js';
import { Caller, Requires } from '../../auth/access.js';
import { AdminApi } from '../../http/problem-response.js';
import { Author } from '../author.js';
import { LiveCallsQuery } from './live-calls-query.js';
import { WatchCallsApi } from './live-calls.openapi.js';
import { LiveCallsStreams } from './live-calls.service.js';

@Controller('v1/admin/calls/stream')
@Requires('admin:read')
@AdminApi('Call records')
export class LiveCallsController {
  constructor(private readonly streams: LiveCallsStreams) {}

  @Get()
  @RouteConfig({ isLasting: true })
  @WatchCallsApi()
  async watch(
    @Author() author: AuditAuthor,
    @Caller() caller: Principal,
    @Query() query: LiveCallsQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.streams.open(query, lastEventId, { caller, author }, reply);
  }
}
