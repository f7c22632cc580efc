import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { targetOf } from '../../audit/target.js';
import { Requires } from '../../auth/access.js';
import { UserImport } from '../../directory/user-import.service.js';
import { UserService } from '../../directory/user.service.js';
import { UserSyncService } from '../../directory/user-sync.service.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import { Author } from '../author.js';
import { csvOf } from '../csv-file.js';
import { pageFacts } from '../page-facts.js';
import { AdminApi } from '../../http/problem-response.js';
import {
  ImportQuery,
  NewUser,
  UserChangeBody,
  UserQuery,
  type ImportReply,
  type SyncReply,
  type UserPage,
  type UserReply,
} from './user.dto.js';
import {
  ChangeUserApi,
  CreateUserApi,
  FindUserApi,
  ImportUsersApi,
  ListUsersApi,
  RemoveUserApi,
  SyncUsersApi,
} from './users.openapi.js';

/** 10,000 users with names of 100 Chinese characters, each escaped as \uXXXX, are 7 MB. Long secrets take several requests. */
const SYNC_BODY_LIMIT_BYTES = 8 * 1024 * 1024;
const IMPORT_LIMIT_BYTES = 2 * 1024 * 1024;

@Controller('v1/admin/users')
@Requires('admin:read', 'admin:directory:write')
@AdminApi('Users')
export class UsersController {
  constructor(
    private readonly users: UserService,
    private readonly userSync: UserSyncService,
    private readonly userImport: UserImport,
    private readonly providers: ProviderRegistry,
    private readonly audit: AuditTrail,
  ) {}

  @Post()
  @CreateUserApi()
  async create(
    @Author() author: AuditAuthor,
    @Body() body: NewUser,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserReply> {
    const user = await this.users.create(body, author);
    void reply.header('location', `/v1/admin/users/${user.id}`);
    return user;
  }

  @Get()
  @ListUsersApi()
  list(@Author() author: AuditAuthor, @Query() query: UserQuery): Promise<UserPage> {
    return this.audit.read(author, this.users.list(query), (page) => {
      // A mask shows the last digits of a text, which may be those of an extension.
      const phone = query.phone === undefined ? undefined : this.users.phoneInQuery(query.phone);
      return pageFacts(Object.assign(query, { phone }), page, ({ id }) => id);
    });
  }

  @Put()
  @RouteConfig({ bodyLimitBytes: SYNC_BODY_LIMIT_BYTES })
  @SyncUsersApi()
  sync(@Author() author: AuditAuthor, @Body() body: unknown): Promise<SyncReply> {
    return this.userSync.sync(body, this.providers.kinds, author);
  }

  @Post('import')
  @HttpCode(200)
  @RouteConfig({ csvBody: true, bodyLimitBytes: IMPORT_LIMIT_BYTES })
  @ImportUsersApi()
  import(@Author() author: AuditAuthor, @Body() body: unknown, @Query() { dryRun }: ImportQuery): Promise<ImportReply> {
    return this.userImport.run(csvOf(body), dryRun ?? false, author);
  }

  @Get(':userId')
  @FindUserApi()
  find(@Author() author: AuditAuthor, @Param('userId') userId: string): Promise<UserReply> {
    return this.audit.read(author, this.users.find(userId), ({ id }) => ({ target: targetOf('user', id) }));
  }

  @Patch(':userId')
  @ChangeUserApi()
  change(
    @Author() author: AuditAuthor,
    @Param('userId') userId: string,
    @Body() body: UserChangeBody,
  ): Promise<UserReply> {
    return this.users.change(userId, body, author);
  }

  @Delete(':userId')
  @HttpCode(204)
  @RemoveUserApi()
  remove(@Author() author: AuditAuthor, @Param('userId') userId: string): Promise<void> {
    return this.users.remove(userId, author);
  }
}
