import { Module } from '@nestjs/common';
import { DirectoryService } from './directory.service.js';
import { ServiceLineService } from './service-line.service.js';
import { SubAccountService } from './sub-account.service.js';
import { UserService } from './user.service.js';
import { UserSyncService } from './user-sync.service.js';

const SERVICES = [DirectoryService, UserService, UserSyncService, SubAccountService, ServiceLineService];

@Module({ providers: SERVICES, exports: SERVICES })
export class DirectoryModule {}
