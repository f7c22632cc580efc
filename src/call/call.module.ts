import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/directory.module.js';
import { TelephonyModule } from '../telephony/telephony.module.js';
import { CallController } from './call.controller.js';
import { CallHistoryService } from './call-history.service.js';
import { CallSearchService } from './call-search.service.js';
import { CallPlacement } from './call-placement.js';
import { CallRecorder } from './call-recorder.js';
import { CallService } from './call.service.js';
import { CallWatch } from './call-watch.service.js';
import { ChangeFeed } from './change-feed.js';
import { DryRunService } from './dry-run.service.js';
import { ProviderStreams } from './provider-streams.js';
import { StateMemory } from './state-memory.js';
import { SubAccountMaker } from './sub-account-maker.js';
import { Sweeper } from './sweeper.js';

@Module({
  imports: [DirectoryModule, TelephonyModule],
  controllers: [CallController],
  providers: [
    CallHistoryService,
    CallPlacement,
    CallRecorder,
    CallSearchService,
    CallService,
    CallWatch,
    ChangeFeed,
    DryRunService,
    ProviderStreams,
    StateMemory,
    SubAccountMaker,
    Sweeper,
  ],
  exports: [CallHistoryService, CallRecorder, CallSearchService, CallService, DryRunService],
})
export class CallModule {}
