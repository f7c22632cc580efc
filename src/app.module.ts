import { Module, type DynamicModule } from '@nestjs/common';
import { AdminModule } from './admin/admin.module.js';
import { AuthModule } from './auth/auth.module.js';
import { CallsApiModule } from './calls-api/calls-api.module.js';
import { CallModule } from './call/call.module.js';
import { DrainingModule, type Draining } from './common/draining.js';
import { LoggerModule } from './common/logger.module.js';
import type { Logger } from './common/logger.js';
import type { RecentLines } from './common/recent-lines.js';
import { RingbackConfigModule } from './config/config.module.js';
import type { Config } from './config/config.js';
import { DatabaseModule } from './database/database.module.js';
import { DeliveryModule } from './delivery/delivery.module.js';
import { DeskModule } from './desk/desk.module.js';
import { HealthModule } from './health/health.module.js';
import { WebhookModule } from './webhook/webhook.module.js';

interface Log {
  readonly logger: Logger;
  readonly recent: RecentLines;
}

@Module({})
export class AppModule {
  static with(config: Config, { logger, recent }: Log, draining: Draining): DynamicModule {
    return {
      module: AppModule,
      imports: [
        RingbackConfigModule.with(config),
        LoggerModule.with(logger, recent),
        DrainingModule.with(draining),
        DatabaseModule,
        AuthModule,
        CallModule,
        DeliveryModule,
        WebhookModule,
        AdminModule,
        CallsApiModule,
        ...(config.desk ? [DeskModule] : []),
        HealthModule,
      ],
    };
  }
}
