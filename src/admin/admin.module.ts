import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { CallModule } from '../call/call.module.js';
import { DeliveryModule } from '../delivery/delivery.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { TelephonyModule } from '../telephony/telephony.module.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { AuditController } from './audit/audit.controller.js';
import { CallBundles } from './bundle/call-bundles.service.js';
import { CallExports } from './calls/call-exports.service.js';
import { CallExportsController } from './calls/call-exports.controller.js';
import { CallsController } from './calls/calls.controller.js';
import { DryRunController } from './dry-run/dry-run.controller.js';
import { FreezesController } from './freezes/freezes.controller.js';
import { LastingResponses } from './lasting-responses.js';
import { BudgetsController } from './money/budgets.controller.js';
import { PricesCsvController } from './money/prices-csv.controller.js';
import { ProvidersController } from './providers/providers.controller.js';
import { RefusalsController } from './refusals/refusals.controller.js';
import { ServiceLinesController } from './service-lines/service-lines.controller.js';
import { LiveCallsController } from './live-calls/live-calls.controller.js';
import { LiveCallsStreams } from './live-calls/live-calls.service.js';
import { StatisticsController } from './statistics/statistics.controller.js';
import { SubAccountsController } from './sub-accounts/sub-accounts.controller.js';
import { SuppressionsCsvController } from './suppressions/suppressions-csv.controller.js';
import { SuppressionsController } from './suppressions/suppressions.controller.js';
import { UsersController } from './users/users.controller.js';
import { WebhookDeliveriesController } from './webhook-deliveries/webhook-deliveries.controller.js';
import { WebhookEndpointsController } from './webhook-endpoints/webhook-endpoints.controller.js';

@Module({
  imports: [AuditModule, AuthModule, CallModule, DeliveryModule, DirectoryModule, TelephonyModule],
  providers: [CallBundles, CallExports, LastingResponses, LiveCallsStreams],
  controllers: [
    UsersController,
    SubAccountsController,
    ServiceLinesController,
    SuppressionsController,
    FreezesController,
    SuppressionsCsvController,
    PricesCsvController,
    BudgetsController,
    LiveCallsController,
    CallsController,
    StatisticsController,
    CallExportsController,
    RefusalsController,
    ProvidersController,
    DryRunController,
    WebhookEndpointsController,
    WebhookDeliveriesController,
    ApiKeysController,
    AuditController,
  ],
})
export class AdminModule {}
