import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { DirectoryService } from './directory.service.js';
import { ServiceLineService } from './service-line.service.js';
import { subAccountKeys } from './sub-account-keys.js';
import { SubAccountService } from './sub-account.service.js';
import { SuppressionList } from './suppression-list.service.js';
import { SuppressionTransfer } from './suppression-transfer.service.js';
import { UserService } from './user.service.js';
import { UserImport } from './user-import.service.js';
import { UserSyncService } from './user-sync.service.js';

const SERVICES = [
  DirectoryService,
  UserService,
  UserImport,
  UserSyncService,
  SubAccountService,
  ServiceLineService,
  SuppressionList,
  SuppressionTransfer,
];

@Module({ imports: [AuditModule], providers: [...SERVICES, subAccountKeys], exports: SERVICES })
export class DirectoryModule {}
