import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/directory.module.js';
import { TelephonyModule } from '../telephony/telephony.module.js';
import { BlockedUsers } from './blocked-users.js';
import { CallController } from './call.controller.js';
import { CallHistoryService } from './call-history.service.js';
import { CallSearchService } from './call-search.service.js';
import { CallInquiry } from './call-inquiry.js';
import { CallPlacement } from './call-placement.js';
import { CallRecorder } from './call-recorder.js';
import { CallService } from './call.service.js';
import { CallWatch } from './call-watch.service.js';
import { CatchUp } from './catch-up.js';
import { ChangeFeed } from './change-feed.js';
import { DryRunService } from './dry-run.service.js';
import { KeptCancels } from './kept-cancels.js';
import { OpenCallCheck } from './open-call-check.js';
import { ProviderStreams } from './provider-streams.js';
import { StateMemory } from './state-memory.js';
import { SubAccountMaker } from './sub-account-maker.js';
import { Sweeper } from './sweeper.js';
import { WaitingClients } from './waiting-clients.js';

@Module({
  imports: [DirectoryModule, TelephonyModule],
  controllers: [CallController],
  providers: [
    BlockedUsers,
    CallHistoryService,
    CallInquiry,
    CallPlacement,
    CallRecorder,
    CallSearchService,
    CallService,
    CallWatch,
    CatchUp,
    ChangeFeed,
    DryRunService,
    KeptCancels,
    OpenCallCheck,
    ProviderStreams,
    StateMemory,
    SubAccountMaker,
    Sweeper,
    WaitingClients,
  ],
  exports: [CallHistoryService, CallRecorder, CallSearchService, CallService, CatchUp, ChangeFeed, DryRunService],
})
export class CallModule {}
