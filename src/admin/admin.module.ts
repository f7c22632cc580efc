import { Module } from '@nestjs/common';
import { CallModule } from '../call/call.module.js';
import { DeliveryModule } from '../delivery/delivery.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { TelephonyModule } from '../telephony/telephony.module.js';
import { CallsController } from './calls/calls.controller.js';
import { DryRunController } from './dry-run/dry-run.controller.js';
import { ProvidersController } from './providers/providers.controller.js';
import { ServiceLinesController } from './service-lines/service-lines.controller.js';
import { SubAccountsController } from './sub-accounts/sub-accounts.controller.js';
import { UsersController } from './users/users.controller.js';
import { WebhookDeliveriesController } from './webhook-deliveries/webhook-deliveries.controller.js';
import { WebhookEndpointsController } from './webhook-endpoints/webhook-endpoints.controller.js';

@Module({
  imports: [CallModule, DeliveryModule, DirectoryModule, TelephonyModule],
  controllers: [
    UsersController,
    SubAccountsController,
    ServiceLinesController,
    CallsController,
    ProvidersController,
    DryRunController,
    WebhookEndpointsController,
    WebhookDeliveriesController,
  ],
})
export class AdminModule {}
