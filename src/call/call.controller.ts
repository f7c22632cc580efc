import { Controller, Get, Param, UseGuards } from '@nestjs/common';
import { RequiresUser, UserId } from '../auth/access.js';
import { logAboutCall } from '../common/log-context.js';
import { CallApi, CancelApi, ServiceApi, StateApi } from './call.api-text.js';
import { CallService } from './call.service.js';
import { isCallSid } from './call-sid.js';
import { NoPrefetchGuard } from './no-prefetch.guard.js';

/** The contract's envelope; its key order is part of the contract. */
const success = <T>(data: T) => ({ data, returnCode: 200, returnMsg: 'success' });

/** The four endpoints of 2016. The first three are GETs that act, because their clients already do it so. */
@Controller('v1/app')
@RequiresUser()
export class CallController {
  constructor(private readonly calls: CallService) {}

  @Get('call/:targetId')
  @UseGuards(NoPrefetchGuard)
  @CallApi()
  async call(@UserId() userId: string, @Param('targetId') targetId: string) {
    return success({ callSid: await this.calls.callUser(userId, targetId) });
  }

  @Get('callService')
  @UseGuards(NoPrefetchGuard)
  @ServiceApi()
  async callService(@UserId() userId: string) {
    return success({ callSid: await this.calls.callService(userId) });
  }

  @Get('callCancel/:callSid')
  @UseGuards(NoPrefetchGuard)
  @CancelApi()
  async cancel(@UserId() userId: string, @Param('callSid') callSid: string) {
    if (isCallSid(callSid)) logAboutCall(callSid);
    await this.calls.cancel(callSid, userId);
    return success({ isSuccess: 'success' });
  }

  @Get('callState/:callSid')
  @StateApi()
  async state(@UserId() userId: string, @Param('callSid') callSid: string) {
    if (isCallSid(callSid)) logAboutCall(callSid);
    return success({ stateType: String(await this.calls.stateOf(callSid, userId)) });
  }
}
