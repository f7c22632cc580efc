import type { DataSourceOptions } from 'typeorm';
import { CreateDirectoryAndCalls1764000000000 } from '../../migrations/1764000000000-create-directory-and-calls.js';
import { CreateWebhookDeliveries1764100000000 } from '../../migrations/1764100000000-create-webhook-deliveries.js';
import { IndexCallSearch1764200000000 } from '../../migrations/1764200000000-index-call-search.js';
import { KeepRecordings1764300000000 } from '../../migrations/1764300000000-keep-recordings.js';
import { EncryptSubAccountSecrets1764400000000 } from '../../migrations/1764400000000-encrypt-sub-account-secrets.js';
import { TakeTurnsAtProviders1764500000000 } from '../../migrations/1764500000000-take-turns-at-providers.js';
import { IndexLockedJobs1764610000000 } from '../../migrations/1764610000000-index-locked-jobs.js';
import { BlockUsers1764670000000 } from '../../migrations/1764670000000-block-users.js';
import { IndexBlockedUsers1764671000000 } from '../../migrations/1764671000000-index-blocked-users.js';
import { RememberChecks1764640000000 } from '../../migrations/1764640000000-remember-checks.js';
import { ClaimSubAccountCreation1764660000000 } from '../../migrations/1764660000000-claim-sub-account-creation.js';
import { TellWhoWroteAChange1764700000000 } from '../../migrations/1764700000000-tell-who-wrote-a-change.js';
import { IndexChangesByWriter1764701000000 } from '../../migrations/1764701000000-index-changes-by-writer.js';
import { AddJobsAfterCommit1764702000000 } from '../../migrations/1764702000000-add-jobs-after-commit.js';
import { IndexRecentDeliveries1764703000000 } from '../../migrations/1764703000000-index-recent-deliveries.js';
import { PlaceCallsByBackend1764710000000 } from '../../migrations/1764710000000-place-calls-by-backend.js';
import { CreateApiKeys1764720000000 } from '../../migrations/1764720000000-create-api-keys.js';
import { IndexRecentDeliveriesApart1764721000000 } from '../../migrations/1764721000000-index-recent-deliveries-apart.js';
import { AddJobsByEndpoint1764722000000 } from '../../migrations/1764722000000-add-jobs-by-endpoint.js';
import { AddExternalIds1764730000000 } from '../../migrations/1764730000000-add-external-ids.js';
import { IndexExternalIds1764731000000 } from '../../migrations/1764731000000-index-external-ids.js';
import { KeepRoutesAndCauses1764740000000 } from '../../migrations/1764740000000-keep-routes-and-causes.js';
import { TellWhoCanceled1764750000000 } from '../../migrations/1764750000000-tell-who-canceled.js';
import { CreateAudit1764751000000 } from '../../migrations/1764751000000-create-audit.js';
import { LimitCalls1764760000000 } from '../../migrations/1764760000000-limit-calls.js';
import { IndexTakenPhones1764761000000 } from '../../migrations/1764761000000-index-taken-phones.js';
import { CreateSuppressions1764762000000 } from '../../migrations/1764762000000-create-suppressions.js';
import { KeepTraces1764763000000 } from '../../migrations/1764763000000-keep-traces.js';
import { CreateCallRefusals1764770000000 } from '../../migrations/1764770000000-create-call-refusals.js';
import { CreateFreezes1764790000000 } from '../../migrations/1764790000000-create-freezes.js';
import { AnnounceFreezesInTurn1764791000000 } from '../../migrations/1764791000000-announce-freezes-in-turn.js';
import { KeepChecksOfRefusals1764780000000 } from '../../migrations/1764780000000-keep-checks-of-refusals.js';
import { KeepOpeningHours1764781000000 } from '../../migrations/1764781000000-keep-opening-hours.js';
import { LimitCallsFurther1764782000000 } from '../../migrations/1764782000000-limit-calls-further.js';
import { IndexCallsOfLines1764783000000 } from '../../migrations/1764783000000-index-calls-of-lines.js';
import { KeepMoney1764800000000 } from '../../migrations/1764800000000-keep-money.js';
import { KeepExtensions1764810000000 } from '../../migrations/1764810000000-keep-extensions.js';
import { KeepShownNumbers1764811000000 } from '../../migrations/1764811000000-keep-shown-numbers.js';
import { KeepOpenCallsApart1764820000000 } from '../../migrations/1764820000000-keep-open-calls-apart.js';
import { IndexEventsByCall1764821000000 } from '../../migrations/1764821000000-index-events-by-call.js';
import { IdentifyEventsByCall1764822000000 } from '../../migrations/1764822000000-identify-events-by-call.js';
import { PartitionByMonth1764823000000 } from '../../migrations/1764823000000-partition-by-month.js';
import { CreateDeskSessions1764830000000 } from '../../migrations/1764830000000-create-desk-sessions.js';
import { IndexUserPhones1764831000000 } from '../../migrations/1764831000000-index-user-phones.js';
import { IndexUserNames1764831500000 } from '../../migrations/1764831500000-index-user-names.js';
import { KeepStatistics1764832000000 } from '../../migrations/1764832000000-keep-statistics.js';
import { HuntOnServiceLines1764840000000 } from '../../migrations/1764840000000-hunt-on-service-lines.js';
import { PartsOfNamesFaster1764841000000 } from '../../migrations/1764841000000-parts-of-names-faster.js';
import { AuditEntry } from '../audit/audit-entry.entity.js';
import { ApiKey } from '../auth/api-keys/api-key.entity.js';
import { DeskSession } from '../auth/desk-sessions/desk-session.entity.js';
import { CallEvent } from '../call/record/call-event.entity.js';
import { CallRecord } from '../call/record/call-record.entity.js';
import { CallRefusal } from '../call/record/call-refusal.entity.js';
import { IdempotentRequest } from '../call/record/idempotent-request.entity.js';
import { OpenCallEntry } from '../call/record/open-call.entity.js';
import { RecentCalls } from '../call/record/recent-calls.entity.js';
import { BudgetUse } from '../call/spending/budget-use.entity.js';
import { Budget } from '../call/spending/budget.entity.js';
import { CallCost } from '../call/spending/call-cost.entity.js';
import { PriceList } from '../call/spending/price-list.entity.js';
import { Price } from '../call/spending/price.entity.js';
import { CallStatistic } from '../call/statistics/call-statistic.entity.js';
import { EndToCount } from '../call/statistics/end-to-count.entity.js';
import { StatisticsProgress } from '../call/statistics/statistics-progress.entity.js';
import { ProviderTurn } from '../call/placement/provider-turn.entity.js';
import { WebhookAttempt } from '../delivery/webhook-attempt.entity.js';
import { WebhookDelivery } from '../delivery/webhook-delivery.entity.js';
import { WebhookEndpoint } from '../delivery/webhook-endpoint.entity.js';
import { AppUser } from '../directory/app-user.entity.js';
import { ServiceLine } from '../directory/service-line.entity.js';
import { SubAccountClaim } from '../directory/sub-account-claim.entity.js';
import { SubAccount } from '../directory/sub-account.entity.js';
import { Freeze } from '../directory/freeze.entity.js';
import { Suppression } from '../directory/suppression.entity.js';
import { TimeoutClient } from '../postgres/timeout-client.js';
import { GradualPool } from '../postgres/gradual-pool.js';
import {
  ANSWER_LIMIT_MS,
  CONNECT_LIMIT_MS,
  IDLE_LIMIT_MS,
  KEEP_ALIVE_MS,
  STATEMENT_LIMIT_MS,
} from '../postgres/time-limits.js';

/**
 * Plans are cached per connection. A plan from when a table had a page or two would scan the whole table once it has
 * millions of rows. Only PostgreSQL's next statistics would change that. A query without an index still scans.
 */
const PLAN_BY_INDEX = { enable_seqscan: 'off' };

/**
 * By itself PostgreSQL would plan a statement over many partitions anew for each call, which takes longer than the statement. A plan
 * for any value reads one partition as well: the others are left out when it runs.
 */
const KEEP_PLANS = { plan_cache_mode: 'force_generic_plan' };

/** The session settings of requests, in addition to those of all connections. */
export const REQUEST_SESSION = { ...PLAN_BY_INDEX, ...KEEP_PLANS, statement_timeout: String(STATEMENT_LIMIT_MS) };

/** The only definition of the database connection: for the service, for migrations, and for TypeORM's command line. */
export const dataSourceOptions = (url: string, poolSize: number) =>
  ({
    type: 'postgres',
    url,
    entities: [
      ApiKey,
      DeskSession,
      AppUser,
      AuditEntry,
      Budget,
      BudgetUse,
      CallCost,
      CallEvent,
      CallRecord,
      CallRefusal,
      CallStatistic,
      EndToCount,
      IdempotentRequest,
      OpenCallEntry,
      Price,
      PriceList,
      ProviderTurn,
      RecentCalls,
      StatisticsProgress,
      SubAccountClaim,
      ServiceLine,
      SubAccount,
      Suppression,
      Freeze,
      WebhookAttempt,
      WebhookDelivery,
      WebhookEndpoint,
    ],
    migrations: [
      CreateDirectoryAndCalls1764000000000,
      CreateWebhookDeliveries1764100000000,
      IndexCallSearch1764200000000,
      KeepRecordings1764300000000,
      EncryptSubAccountSecrets1764400000000,
      TakeTurnsAtProviders1764500000000,
      IndexLockedJobs1764610000000,
      RememberChecks1764640000000,
      ClaimSubAccountCreation1764660000000,
      BlockUsers1764670000000,
      IndexBlockedUsers1764671000000,
      TellWhoWroteAChange1764700000000,
      IndexChangesByWriter1764701000000,
      AddJobsAfterCommit1764702000000,
      IndexRecentDeliveries1764703000000,
      PlaceCallsByBackend1764710000000,
      CreateApiKeys1764720000000,
      IndexRecentDeliveriesApart1764721000000,
      AddJobsByEndpoint1764722000000,
      AddExternalIds1764730000000,
      IndexExternalIds1764731000000,
      KeepRoutesAndCauses1764740000000,
      TellWhoCanceled1764750000000,
      CreateAudit1764751000000,
      LimitCalls1764760000000,
      IndexTakenPhones1764761000000,
      CreateSuppressions1764762000000,
      KeepTraces1764763000000,
      CreateCallRefusals1764770000000,
      KeepChecksOfRefusals1764780000000,
      KeepOpeningHours1764781000000,
      LimitCallsFurther1764782000000,
      IndexCallsOfLines1764783000000,
      CreateFreezes1764790000000,
      AnnounceFreezesInTurn1764791000000,
      KeepMoney1764800000000,
      KeepExtensions1764810000000,
      KeepShownNumbers1764811000000,
      KeepOpenCallsApart1764820000000,
      IndexEventsByCall1764821000000,
      IdentifyEventsByCall1764822000000,
      PartitionByMonth1764823000000,
      CreateDeskSessions1764830000000,
      IndexUserPhones1764831000000,
      IndexUserNames1764831500000,
      KeepStatistics1764832000000,
      HuntOnServiceLines1764840000000,
      PartsOfNamesFaster1764841000000,
    ],
    migrationsTransactionMode: 'each',
    applicationName: 'ringback',
    poolSize,
    driver: { Pool: GradualPool },
    extra: {
      Client: TimeoutClient,
      connectLimitMs: CONNECT_LIMIT_MS,
      idleTimeoutMillis: IDLE_LIMIT_MS,
      session: REQUEST_SESSION,
      query_timeout: ANSWER_LIMIT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    },
  }) satisfies DataSourceOptions;
