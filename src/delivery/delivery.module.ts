import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { CallModule } from '../call/call.module.js';
import { FreezeAnnouncement } from './freeze-announcement.js';
import { WebhookDeliverer } from './webhook-deliverer.js';
import { DeliveryJobs } from './delivery-jobs.js';
import { DeliveryService } from './delivery.service.js';
import { DeliveryWorker } from './delivery-worker.js';
import { EndpointTest } from './endpoint-test.js';
import { EndpointService } from './endpoint.service.js';
import { EndpointUrlCheck } from './endpoint-url-check.js';
import { GuardedConnections } from './guarded-connections.js';
import { NameResolver } from './name-resolver.js';
import { DeliveryMaintenance } from './delivery-maintenance.js';
import { WebhookRequest } from './webhook-request.js';

/** Outgoing webhooks to the app's backend, and their attempts. */
@Module({
  imports: [AuditModule, CallModule],
  providers: [
    FreezeAnnouncement,
    WebhookDeliverer,
    DeliveryJobs,
    DeliveryService,
    DeliveryWorker,
    EndpointService,
    EndpointTest,
    EndpointUrlCheck,
    GuardedConnections,
    NameResolver,
    DeliveryMaintenance,
    WebhookRequest,
  ],
  exports: [DeliveryService, EndpointService, EndpointTest],
})
export class DeliveryModule {}
