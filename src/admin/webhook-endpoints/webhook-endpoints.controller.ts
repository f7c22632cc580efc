import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { Requires } from '../../auth/access.js';
import { EndpointTest } from '../../delivery/endpoint-test.js';
import { EndpointService } from '../../delivery/endpoint.service.js';
import { Author } from '../author.js';
import { PageQuery } from '../page-query.js';
import { AdminApi } from '../../http/problem-response.js';
import {
  NewWebhookEndpoint,
  WebhookEndpointChangeBody,
  WebhookTestReply,
  type CreatedWebhookEndpointReply,
  type NewWebhookSecretReply,
  type WebhookEndpointPage,
  type WebhookEndpointReply,
} from './webhook-endpoint.dto.js';
import {
  ChangeWebhookEndpointApi,
  CreateWebhookEndpointApi,
  FindWebhookEndpointApi,
  ListWebhookEndpointsApi,
  RemoveWebhookEndpointApi,
  RotateWebhookSecretApi,
  TestWebhookEndpointApi,
} from './webhook-endpoints.openapi.js';

@Controller('v1/admin/webhook-endpoints')
@Requires('admin:read', 'admin:webhooks:write')
@AdminApi('Webhook endpoints')
export class WebhookEndpointsController {
  constructor(
    private readonly endpoints: EndpointService,
    private readonly tests: EndpointTest,
  ) {}

  @Post()
  @CreateWebhookEndpointApi()
  async create(
    @Author() author: AuditAuthor,
    @Body() body: NewWebhookEndpoint,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedWebhookEndpointReply> {
    const endpoint = await this.endpoints.create(body, author);
    void reply.header('location', `/v1/admin/webhook-endpoints/${endpoint.id}`);
    return endpoint;
  }

  @Get()
  @ListWebhookEndpointsApi()
  list(@Query() query: PageQuery): Promise<WebhookEndpointPage> {
    return this.endpoints.list(query);
  }

  @Get(':endpointId')
  @FindWebhookEndpointApi()
  find(@Param('endpointId') endpointId: string): Promise<WebhookEndpointReply> {
    return this.endpoints.find(endpointId);
  }

  @Patch(':endpointId')
  @ChangeWebhookEndpointApi()
  change(
    @Author() author: AuditAuthor,
    @Param('endpointId') endpointId: string,
    @Body() body: WebhookEndpointChangeBody,
  ): Promise<WebhookEndpointReply> {
    return this.endpoints.change(endpointId, body, author);
  }

  @Post(':endpointId/secret')
  @HttpCode(200)
  @RotateWebhookSecretApi()
  rotateSecret(@Author() author: AuditAuthor, @Param('endpointId') endpointId: string): Promise<NewWebhookSecretReply> {
    return this.endpoints.rotateSecret(endpointId, author);
  }

  @Post(':endpointId/test')
  @HttpCode(200)
  @TestWebhookEndpointApi()
  test(@Author() author: AuditAuthor, @Param('endpointId') endpointId: string): Promise<WebhookTestReply> {
    return this.tests.send(endpointId, author);
  }

  @Delete(':endpointId')
  @HttpCode(204)
  @RemoveWebhookEndpointApi()
  remove(@Author() author: AuditAuthor, @Param('endpointId') endpointId: string): Promise<void> {
    return this.endpoints.remove(endpointId, author);
  }
}
