import { Body, Controller, Delete, Get, HttpCode, Param, Put, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { Requires } from '../../auth/access.js';
import { SubAccountService } from '../../directory/sub-account.service.js';
import { Author } from '../author.js';
import { KnownProviderPipe } from '../providers/known-provider.pipe.js';
import { AdminApi } from '../../http/problem-response.js';
import { SubAccountBody, type SubAccountList, type SubAccountReply } from './sub-account.dto.js';
import {
  FindSubAccountApi,
  ListSubAccountsApi,
  RemoveSubAccountApi,
  StoreSubAccountApi,
} from './sub-accounts.openapi.js';

@Controller('v1/admin/users/:userId/sub-accounts')
@Requires('admin:read', 'admin:directory:write')
@AdminApi('Sub-accounts')
export class SubAccountsController {
  constructor(private readonly subAccounts: SubAccountService) {}

  @Get()
  @ListSubAccountsApi()
  list(@Param('userId') userId: string): Promise<SubAccountList> {
    return this.subAccounts.list(userId);
  }

  @Put(':provider')
  @StoreSubAccountApi()
  async store(
    @Author() author: AuditAuthor,
    @Param('userId') userId: string,
    @Param('provider', KnownProviderPipe) provider: string,
    @Body() { externalId, secret }: SubAccountBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SubAccountReply> {
    const isNew = await this.subAccounts.store(userId, { provider, externalId, secret }, author);
    void reply.status(isNew ? 201 : 200);
    return { provider, externalId };
  }

  @Get(':provider')
  @FindSubAccountApi()
  find(@Param('userId') userId: string, @Param('provider') provider: string): Promise<SubAccountReply> {
    return this.subAccounts.find(userId, provider);
  }

  @Delete(':provider')
  @HttpCode(204)
  @RemoveSubAccountApi()
  remove(
    @Author() author: AuditAuthor,
    @Param('userId') userId: string,
    @Param('provider') provider: string,
  ): Promise<void> {
    return this.subAccounts.remove(userId, provider, author);
  }
}
