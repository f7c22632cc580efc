import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { CONNECT_LIMIT_MS } from '../postgres/time-limits.js';
import { AuditLog } from './audit-log.service.js';
import { AuditTrail } from './audit-trail.service.js';
import { Places } from './places.js';

/** Who did what by the admin API. */
@Module({
  providers: [
    AuditLog,
    AuditTrail,
    {
      provide: Places,
      inject: [CONFIG],
      // Half of the connections, for writing and reading together. A locked table must not keep calls from the others.
      useFactory: ({ databasePoolSize }: Config) => new Places(Math.ceil(databasePoolSize / 2), CONNECT_LIMIT_MS),
    },
  ],
  exports: [AuditLog, AuditTrail],
})
export class AuditModule {}
