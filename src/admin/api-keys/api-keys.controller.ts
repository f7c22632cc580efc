/**
 * An API key makes no API keys, whatever its scopes: whoever steals it must lose everything when it is revoked, and it
 * must give away no scope that it lacks itself. So making and rotating need the token of a user (`UserId`).
 */
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { Requires, UserId } from '../../auth/access.js';
import { ApiKeys } from '../../auth/api-keys/api-keys.service.js';
import { AdminApi } from '../../http/problem-response.js';
import { Author } from '../author.js';
import { PageQuery } from '../page-query.js';
import {
  ApiKeyRotation,
  NewApiKey,
  type ApiKeyPage,
  type ApiKeyReply,
  type CreatedApiKeyReply,
  type RotatedApiKeyReply,
} from './api-key.dto.js';
import {
  CreateApiKeyApi,
  FindApiKeyApi,
  ListApiKeysApi,
  RevokeApiKeyApi,
  RotateApiKeyApi,
} from './api-keys.openapi.js';

@Controller('v1/admin/api-keys')
@Requires('admin:read', 'admin')
@AdminApi('API keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeys) {}

  @Post()
  @CreateApiKeyApi()
  async create(
    @Author() author: AuditAuthor,
    @UserId() _adminId: string,
    @Body() body: NewApiKey,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedApiKeyReply> {
    const made = await this.keys.create(body, author);
    void reply.header('location', `/v1/admin/api-keys/${made.id}`);
    return made;
  }

  @Get()
  @ListApiKeysApi()
  list(@Query() query: PageQuery): Promise<ApiKeyPage> {
    return this.keys.list(query);
  }

  @Get(':keyId')
  @FindApiKeyApi()
  find(@Param('keyId') keyId: string): Promise<ApiKeyReply> {
    return this.keys.find(keyId);
  }

  @Post(':keyId/rotate')
  @RotateApiKeyApi()
  async rotate(
    @Author() author: AuditAuthor,
    @UserId() _adminId: string,
    @Param('keyId') keyId: string,
    @Body() body: ApiKeyRotation,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RotatedApiKeyReply> {
    const made = await this.keys.rotate(keyId, body, author);
    void reply.header('location', `/v1/admin/api-keys/${made.id}`);
    return made;
  }

  @Delete(':keyId')
  @HttpCode(204)
  @RevokeApiKeyApi()
  revoke(@Author() author: AuditAuthor, @Param('keyId') keyId: string): Promise<void> {
    return this.keys.revoke(keyId, author);
  }
}
