import { Body, Controller, Param, Post, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { Requires, Subject } from '../auth/access.js';
import { CallCancels } from '../call/call-cancels.service.js';
import { CancelBody } from '../call/cancel/cancel.dto.js';
import { rateLimitHeaders } from '../common/rate-limit-headers.js';
import { BackendCalls } from './backend-calls.service.js';
import { CallsApi, CancelCallApi, PlaceCallApi } from './calls.openapi.js';
import { IdempotencyKey } from './idempotency-key.js';
import { NewCall } from './new-call.dto.js';
import { placedCallReply, type CancelReply, type PlacedCallReply } from './placed-call.dto.js';

@Controller('v1/calls')
@Requires('calls:write')
@CallsApi('calls:write')
export class CallOrdersController {
  constructor(
    private readonly calls: BackendCalls,
    private readonly cancels: CallCancels,
  ) {}

  @Post()
  @PlaceCallApi()
  async place(
    @Subject() subject: string,
    @Body() body: NewCall,
    @IdempotencyKey() key: string | null,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PlacedCallReply> {
    const { call, isReplay, quotas } = await this.calls.place(subject, body, key);
    void reply.header('location', `/v1/calls/${call.callSid}`);
    void reply.headers(rateLimitHeaders(quotas));
    if (isReplay) void reply.header('idempotent-replayed', 'true');
    return placedCallReply(call);
  }

  @Post(':callSid/cancel')
  @RouteConfig({ counted: 'cancels' })
  @CancelCallApi()
  async cancel(
    @Subject() subject: string,
    @Param('callSid') callSid: string,
    // The type is read at run time: a union would be no class to validate by.
    @Body() { before }: CancelBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CancelReply> {
    const { outcome, call } = await this.cancels.cancelOwn(callSid, subject, before);
    void reply.status(outcome === 'canceling' ? 202 : 200);
    return { outcome, call: placedCallReply(call) };
  }
}
