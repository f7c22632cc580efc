import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { targetOf } from '../../audit/target.js';
import type { Principal } from '../../auth/access-token.js';
import { Caller, Requires } from '../../auth/access.js';
import { CallCancels } from '../../call/call-cancels.service.js';
import { CancelBody } from '../../call/cancel/cancel.dto.js';
import { CallHistoryService } from '../../call/search/call-history.service.js';
import { CallSearchService } from '../../call/search/call-search.service.js';
import { Author } from '../author.js';
import { pageFacts } from '../page-facts.js';
import type { CallPage, CallReply, CanceledCallReply } from './call.dto.js';
import { CallQuery } from './call-query.js';
import { CallBundles } from '../bundle/call-bundles.service.js';
import { BundleQuery, type CallBundleReply } from '../bundle/bundle.dto.js';
import { CallBundleApi } from '../bundle/bundle.openapi.js';
import { FindCallApi, HangUpCallApi, SearchCallsApi } from './calls.openapi.js';
import { AdminApi } from '../../http/problem-response.js';

@Controller('v1/admin/calls')
@Requires('admin:read', 'admin:calls:write')
@AdminApi('Call records')
export class CallsController {
  constructor(
    private readonly history: CallHistoryService,
    private readonly search: CallSearchService,
    private readonly cancels: CallCancels,
    private readonly bundles: CallBundles,
    private readonly audit: AuditTrail,
  ) {}

  @Get()
  @SearchCallsApi()
  list(@Author() author: AuditAuthor, @Query() query: CallQuery): Promise<CallPage> {
    return this.audit.read(author, this.search.find(query), (page) => pageFacts(query, page, ({ callSid }) => callSid));
  }

  @Get(':callSid')
  @FindCallApi()
  find(@Author() author: AuditAuthor, @Param('callSid') callSid: string): Promise<CallReply> {
    return this.audit.read(author, this.history.find(callSid), () => ({ target: targetOf('call', callSid) }));
  }

  @Get(':callSid/bundle')
  @CallBundleApi()
  bundle(
    @Author() author: AuditAuthor,
    @Caller() caller: Principal,
    @Param('callSid') callSid: string,
    @Query() { full }: BundleQuery,
  ): Promise<CallBundleReply> {
    return full ? this.bundles.full(callSid, caller, author) : this.bundles.masked(callSid);
  }

  @Post(':callSid/cancel')
  @HangUpCallApi()
  async cancel(
    @Author() author: AuditAuthor,
    @Param('callSid') callSid: string,
    @Body() { before }: CancelBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CanceledCallReply> {
    const canceled = await this.cancels.cancelAny(callSid, before, author);
    void reply.status(canceled.outcome === 'canceling' ? 202 : 200);
    return canceled;
  }
}
