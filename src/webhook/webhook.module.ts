import { Module } from '@nestjs/common';
import { CallModule } from '../call/call.module.js';
import { TelephonyModule } from '../telephony/telephony.module.js';
import { WebhookController } from './webhook.controller.js';

@Module({ imports: [CallModule, TelephonyModule], controllers: [WebhookController] })
export class WebhookModule {}
