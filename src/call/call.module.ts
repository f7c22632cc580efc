import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/directory.module.js';
import { TelephonyModule } from '../telephony/telephony.module.js';
import { CallController } from './call.controller.js';
import { CallService } from './call.service.js';
import { Sweeper } from './sweeper.js';

@Module({
  imports: [DirectoryModule, TelephonyModule],
  controllers: [CallController],
  providers: [CallService, Sweeper],
  exports: [CallService],
})
export class CallModule {}
