import { Module } from '@nestjs/common';
import { CallModule } from '../call/call.module.js';
import { DeliveryModule } from '../delivery/delivery.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { TelephonyModule } from '../telephony/telephony.module.js';
import { CallsController } from './calls.controller.js';
import { DryRunController } from './dry-run.controller.js';
import { ProvidersController } from './providers.controller.js';
import { ServiceLinesController } from './service-lines.controller.js';
import { SubAccountsController } from './sub-accounts.controller.js';
import { UsersController } from './users.controller.js';
import { WebhookDeliveriesController } from './webhook-deliveries.controller.js';
import { WebhookEndpointsController } from './webhook-endpoints.controller.js';

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
