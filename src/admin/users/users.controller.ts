import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../auth/access.js';
import { UserService } from '../../directory/user.service.js';
import { UserSyncService } from '../../directory/user-sync.service.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import { AdminApi } from '../../http/problem-response.js';
import { NewUser, UserChangeBody, UserQuery, type SyncReply, type UserPage, type UserReply } from './user.dto.js';
import {
  ChangeUserApi,
  CreateUserApi,
  FindUserApi,
  ListUsersApi,
  RemoveUserApi,
  SyncUsersApi,
} from './users.openapi.js';

/** 10,000 users with names of 100 Chinese characters, each escaped as \uXXXX, are 7 MB. Long secrets take several requests. */
const SYNC_BODY_LIMIT_BYTES = 8 * 1024 * 1024;

@Controller('v1/admin/users')
@Requires('admin')
@AdminApi()
export class UsersController {
  constructor(
    private readonly users: UserService,
    private readonly userSync: UserSyncService,
    private readonly providers: ProviderRegistry,
  ) {}

  @Post()
  @CreateUserApi()
  async create(@Body() body: NewUser, @Res({ passthrough: true }) reply: FastifyReply): Promise<UserReply> {
    const user = await this.users.create(body);
    void reply.header('location', `/v1/admin/users/${user.id}`);
    return user;
  }

  @Get()
  @ListUsersApi()
  list(@Query() query: UserQuery): Promise<UserPage> {
    return this.users.list(query);
  }

  @Put()
  @RouteConfig({ bodyLimitBytes: SYNC_BODY_LIMIT_BYTES })
  @SyncUsersApi()
  sync(@Body() body: unknown): Promise<SyncReply> {
    return this.userSync.sync(
      body,
      this.providers.all.map(({ name }) => name),
    );
  }

  @Get(':userId')
  @FindUserApi()
  find(@Param('userId') userId: string): Promise<UserReply> {
    return this.users.find(userId);
  }

  @Patch(':userId')
  @ChangeUserApi()
  change(@Param('userId') userId: string, @Body() body: UserChangeBody): Promise<UserReply> {
    return this.users.change(userId, body);
  }

  @Delete(':userId')
  @HttpCode(204)
  @RemoveUserApi()
  remove(@Param('userId') userId: string): Promise<void> {
    return this.users.remove(userId);
  }
}
