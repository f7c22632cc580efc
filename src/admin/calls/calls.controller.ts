import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../auth/access.js';
import { CallCancels } from '../../call/call-cancels.service.js';
import { CancelBody } from '../../call/cancel/cancel.dto.js';
import { CallHistoryService } from '../../call/search/call-history.service.js';
import { CallSearchService } from '../../call/search/call-search.service.js';
import type { CallPage, CallReply, CanceledCallReply } from './call.dto.js';
import { CallQuery } from './call-query.js';
import { FindCallApi, HangUpCallApi, SearchCallsApi } from './calls.openapi.js';
import { AdminApi } from '../../http/problem-response.js';

@Controller('v1/admin/calls')
@Requires('admin')
@AdminApi()
export class CallsController {
  constructor(
    private readonly history: CallHistoryService,
    private readonly search: CallSearchService,
    private readonly cancels: CallCancels,
  ) {}

  @Get()
  @SearchCallsApi()
  list(@Query() query: CallQuery): Promise<CallPage> {
    return this.search.find(query);
  }

  @Get(':callSid')
  @FindCallApi()
  find(@Param('callSid') callSid: string): Promise<CallReply> {
    return this.history.find(callSid);
  }

  @Post(':callSid/cancel')
  @HangUpCallApi()
  async cancel(
    @Param('callSid') callSid: string,
    @Body() { before }: CancelBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CanceledCallReply> {
    const canceled = await this.cancels.cancelAny(callSid, before);
    void reply.status(canceled.outcome === 'canceling' ? 202 : 200);
    return canceled;
  }
}
