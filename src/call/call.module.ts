import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { TelephonyModule } from '../telephony/telephony.module.js';
import { BlockedUsers } from './updates/blocked-users.js';
import { CallCancels } from './call-cancels.service.js';
import { CallController } from './call.controller.js';
import { CallHistoryService } from './search/call-history.service.js';
import { CallSearchService } from './search/call-search.service.js';
import { CallInquiry } from './reconciliation/call-inquiry.js';
import { CallPlacement } from './placement/call-placement.js';
import { CallRecorder } from './call-recorder.js';
import { CallService } from './call.service.js';
import { CallUpdates } from './call-updates.service.js';
import { CatchUp } from './reconciliation/catch-up.js';
import { ChangeFeed } from './updates/change-feed.js';
import { DryRunService } from './placement/dry-run.service.js';
import { ExternalIds } from './updates/external-ids.js';
import { Freezes } from './freezing/freezes.service.js';
import { FreezeWatch } from './freezing/freeze-watch.js';
import { HangUps } from './freezing/hang-ups.js';
import { KeptCancels } from './cancel/kept-cancels.js';
import { PartitionUpkeep } from './reconciliation/partition-upkeep.js';
import { OldRowRemoval } from './reconciliation/old-row-removal.js';
import { OpenCallCheck } from './reconciliation/open-call-check.js';
import { PlacedCallsService } from './search/placed-calls.service.js';
import { ProviderStreams } from './reconciliation/provider-streams.js';
import { RefusalJournal } from './placement/refusal-journal.js';
import { RefusedCallsService } from './search/refused-calls.service.js';
import { SharedFailures } from './updates/shared-failures.js';
import { StateCache } from './updates/state-cache.js';
import { SubAccountMaker } from './placement/sub-account-maker.js';
import { Budgets } from './spending/budgets.service.js';
import { Prices } from './spending/prices.service.js';
import { Settling } from './spending/settling.js';
import { Spending } from './spending/spending.service.js';
import { CallCounting } from './statistics/call-counting.js';
import { CallStatistics } from './statistics/call-statistics.service.js';
import { LiveFilters } from './live/live-filter.js';
import { LiveCalls } from './live/live-calls.service.js';
import { Sweeper } from './reconciliation/sweeper.js';
import { WaitingClients } from './updates/waiting-clients.js';

@Module({
  imports: [AuditModule, AuthModule, DirectoryModule, TelephonyModule],
  controllers: [CallController],
  providers: [
    BlockedUsers,
    Budgets,
    CallCancels,
    CallCounting,
    CallHistoryService,
    CallInquiry,
    CallPlacement,
    CallRecorder,
    CallSearchService,
    CallService,
    CallStatistics,
    CallUpdates,
    CatchUp,
    ChangeFeed,
    DryRunService,
    ExternalIds,
    Freezes,
    FreezeWatch,
    HangUps,
    KeptCancels,
    LiveCalls,
    LiveFilters,
    OldRowRemoval,
    OpenCallCheck,
    PartitionUpkeep,
    PlacedCallsService,
    Prices,
    ProviderStreams,
    RefusalJournal,
    RefusedCallsService,
    Settling,
    SharedFailures,
    Spending,
    StateCache,
    SubAccountMaker,
    Sweeper,
    WaitingClients,
  ],
  exports: [
    BlockedUsers,
    Budgets,
    CallCancels,
    CallHistoryService,
    CallPlacement,
    CallRecorder,
    CallSearchService,
    CallService,
    CallStatistics,
    CallUpdates,
    CatchUp,
    ChangeFeed,
    DryRunService,
    ExternalIds,
    Freezes,
    FreezeWatch,
    LiveCalls,
    LiveFilters,
    PlacedCallsService,
    Prices,
    RefusedCallsService,
    WaitingClients,
  ],
})
export class CallModule {}
