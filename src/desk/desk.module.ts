import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { DeskSignInController } from './desk-sign-in.controller.js';
import { DeskSessionController } from './desk-session.controller.js';
import { IdentityProvider } from './identity-provider.js';

@Module({
  imports: [AuditModule, AuthModule],
  providers: [IdentityProvider],
  controllers: [DeskSessionController, DeskSignInController],
})
export class DeskModule {}
