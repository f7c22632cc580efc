import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { Caller, Requires, Subject } from '../auth/access.js';
import type { Principal } from '../auth/access-token.js';
import { PlacedCallsService } from '../call/search/placed-calls.service.js';
import { changeNumberOf, sendEvents } from '../call/updates/event-stream.js';
import { BackendEvents } from './backend-events.service.js';
import { CallsApi, FindPlacedCallApi, PlacedCallEventsApi } from './calls.openapi.js';
import { placedCallReply, type PlacedCallReply } from './placed-call.dto.js';

@Controller('v1/calls')
@Requires('calls:read')
@CallsApi('calls:read')
export class PlacedCallsController {
  constructor(
    private readonly calls: PlacedCallsService,
    private readonly events: BackendEvents,
  ) {}

  @Get(':callSid')
  @RouteConfig({ counted: 'polls' })
  @FindPlacedCallApi()
  async find(@Subject() subject: string, @Param('callSid') callSid: string): Promise<PlacedCallReply> {
    return placedCallReply((await this.calls.find(callSid, subject)).call);
  }

  @Get(':callSid/events')
  @RouteConfig({ counted: 'polls' })
  @PlacedCallEventsApi()
  async follow(
    @Caller() caller: Principal,
    @Param('callSid') callSid: string,
    @Query() query: Record<string, unknown>,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const told = await this.events.follow(callSid, caller, { query, last: changeNumberOf(lastEventId) }, reply);
    if (told.kind === 'changes') void reply.type('application/json; charset=utf-8').send(told.body);
    // 204 is how a client of server-sent events learns that there is nothing to come back for.
    else if (told.call.isToldCompletely) void reply.status(204).send();
    else sendEvents(reply, told.call, told.stops, caller.expiresAt);
  }
}
