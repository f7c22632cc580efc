import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { AccessGuard } from './access.guard.js';
import { JwtStrategy } from './jwt.strategy.js';
import { VerifiedTokens } from './verified-tokens.js';

@Module({
  imports: [PassportModule],
  providers: [JwtStrategy, VerifiedTokens, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [VerifiedTokens],
})
export class AuthModule {}
