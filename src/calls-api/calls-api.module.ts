import { Module } from '@nestjs/common';
import { CallModule } from '../call/call.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { TelephonyModule } from '../telephony/telephony.module.js';
import { BackendCalls } from './backend-calls.service.js';
import { BackendEvents } from './backend-events.service.js';
import { CallOrdersController } from './call-orders.controller.js';
import { PlacedCallsController } from './placed-calls.controller.js';

@Module({
  imports: [CallModule, DirectoryModule, TelephonyModule],
  controllers: [CallOrdersController, PlacedCallsController],
  providers: [BackendCalls, BackendEvents],
})
export class CallsApiModule {}
