import { Controller, Get, Headers, Param, Query, Res, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { Caller, RequiresUser, UserId } from '../auth/access.js';
import type { Principal } from '../auth/access-token.js';
import { success, successText } from '../common/contract-envelope.js';
import { Draining } from '../common/draining.js';
import { logAboutCall } from '../common/log-context.js';
import { rateLimitHeaders } from '../common/rate-limit-headers.js';
import { CallApi, CancelApi, ServiceApi, StateApi, StreamApi } from './call.openapi.js';
import { BlockedUsers } from './updates/blocked-users.js';
import { CallUpdates } from './call-updates.service.js';
import { changeNumberOf, sendEvents } from './updates/event-stream.js';
import { longPollOf } from './updates/long-poll.js';
import { CallService } from './call.service.js';
import { isCallSid } from './record/call-sid.js';
import { cancelConditionOf } from './cancel/cancel-condition.js';
import { UserActGuard } from './user-act.guard.js';
import { WaitingClients } from './updates/waiting-clients.js';

/**
 * The four endpoints of the 2016 contract. The first three are GETs with side effects, because existing clients call
 * them so.
 */
@Controller('v1/app')
@RequiresUser()
export class CallController {
  constructor(
    private readonly calls: CallService,
    private readonly watch: CallUpdates,
    private readonly waiting: WaitingClients,
    private readonly blocked: BlockedUsers,
    private readonly draining: Draining,
  ) {}

  @Get('call/:targetId')
  @UseGuards(UserActGuard)
  @CallApi()
  async call(
    @UserId() callerId: string,
    @Param('targetId') calleeId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { callSid, quotas } = await this.calls.callUser(callerId, calleeId);
    void reply.headers(rateLimitHeaders(quotas));
    return success({ callSid });
  }

  @Get('callService')
  @UseGuards(UserActGuard)
  @ServiceApi()
  async callService(@UserId() callerId: string, @Res({ passthrough: true }) reply: FastifyReply) {
    const { callSid, quotas } = await this.calls.callService(callerId);
    void reply.headers(rateLimitHeaders(quotas));
    return success({ callSid });
  }

  @Get('callCancel/:callSid')
  @RouteConfig({ isInLine: true, counted: 'cancels' })
  @UseGuards(UserActGuard)
  @CancelApi()
  async cancel(@UserId() callerId: string, @Param('callSid') callSid: string, @Query('before') before: unknown) {
    if (isCallSid(callSid)) logAboutCall(callSid);
    await this.calls.cancel(callSid, callerId, cancelConditionOf(before));
    return success({ isSuccess: 'success' });
  }

  @Get('callState/:callSid')
  @RouteConfig({ isRoutine: true, counted: 'polls' })
  @StateApi()
  async state(
    @UserId() callerId: string,
    @Param('callSid') callSid: string,
    @Query() query: Record<string, unknown>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (isCallSid(callSid)) logAboutCall(callSid);
    const wish = longPollOf(query);
    if (!wish) return success({ stateType: String((await this.calls.stateOf(callSid, callerId)).state) });
    const gone = this.waiting.enter(callerId, reply);
    const { state, changes } = await this.watch.longPoll(callSid, callerId, wish.seen, wish.waitSeconds, gone);
    this.blocked.refuse(callerId);
    void reply.type('application/json; charset=utf-8');
    // The stored bytes of the changes are sent unchanged.
    return successText(`{"stateType":"${state}","changes":[${changes.join(',')}]}`);
  }

  @Get('callState/:callSid/stream')
  @RouteConfig({ counted: 'polls' })
  @StreamApi()
  async stream(
    @Caller() { subject: callerId, expiresAt }: Principal,
    @Param('callSid') callSid: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (isCallSid(callSid)) logAboutCall(callSid);
    const gone = this.waiting.enter(callerId, reply);
    const call = await this.watch.follow(callSid, callerId, changeNumberOf(lastEventId));
    // After a 204 the browser's EventSource does not reconnect (WHATWG HTML, 9.2).
    if (call.isToldCompletely) void reply.status(204).send();
    else sendEvents(reply, call, [gone, this.draining.signal], expiresAt);
  }
}
