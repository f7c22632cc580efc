import { Controller, Get, Param } from '@nestjs/common';
import { Requires } from '../auth/access.js';
import { CallHistoryService } from '../call/call-history.service.js';
import type { CallReply } from './call.bodies.js';
import { FindCallApi } from './calls.api-text.js';
import { AdminApi } from './problem-response.js';

@Controller('v1/admin/calls')
@Requires('admin')
@AdminApi()
export class CallsController {
  constructor(private readonly history: CallHistoryService) {}

  @Get(':callSid')
  @FindCallApi()
  find(@Param('callSid') callSid: string): Promise<CallReply> {
    return this.history.find(callSid);
  }
}
