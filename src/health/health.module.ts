import { Module } from '@nestjs/common';
import { TelephonyModule } from '../telephony/telephony.module.js';
import { HealthController } from './health.controller.js';
import { Readiness } from './readiness.js';

@Module({ imports: [TelephonyModule], controllers: [HealthController], providers: [Readiness] })
export class HealthModule {}
