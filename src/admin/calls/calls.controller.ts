import { Controller, Get, Param, Query } from '@nestjs/common';
import { Requires } from '../../auth/access.js';
import { CallHistoryService } from '../../call/search/call-history.service.js';
import { CallSearchService } from '../../call/search/call-search.service.js';
import type { CallPage, CallReply } from './call.dto.js';
import { CallQuery } from './call-query.js';
import { FindCallApi, SearchCallsApi } from './calls.openapi.js';
import { AdminApi } from '../../http/problem-response.js';

@Controller('v1/admin/calls')
@Requires('admin')
@AdminApi()
export class CallsController {
  constructor(
    private readonly history: CallHistoryService,
    private readonly search: CallSearchService,
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
}
