import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuditModule } from '../audit/audit.module.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { proxyRules } from '../common/proxy-rules.js';
import { CONFIG, type Config } from '../config/config.js';
import { ApiKeys } from './api-keys/api-keys.service.js';
import { LastUses } from './api-keys/last-uses.js';
import { LiveKeys } from './api-keys/live-keys.js';
import { DeskSessions } from './desk-sessions/desk-sessions.service.js';
import { LiveSessions } from './desk-sessions/live-sessions.js';
import { AccessGuard } from './access.guard.js';
import { Authentication } from './authentication.js';
import { FailedTokens } from './failed-tokens.js';
import { JwtStrategy } from './jwt.strategy.js';
import { PublishedKeys } from './published-keys.js';
import { VerifiedTokens } from './verified-tokens.js';

@Module({
  imports: [AuditModule],
  providers: [
    JwtStrategy,
    VerifiedTokens,
    Authentication,
    FailedTokens,
    ApiKeys,
    LastUses,
    LiveKeys,
    DeskSessions,
    LiveSessions,
    {
      provide: PublishedKeys,
      inject: [CONFIG, LOGGER],
      useFactory: (config: Config, logger: Logger) =>
        config.jwtJwksUri ? new PublishedKeys(config.jwtJwksUri, proxyRules(config), logger) : null,
    },
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [ApiKeys, Authentication, DeskSessions, FailedTokens, LiveSessions],
})
export class AuthModule {}
