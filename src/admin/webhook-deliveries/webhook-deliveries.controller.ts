import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { Requires } from '../../auth/access.js';
import { DeliveryService } from '../../delivery/delivery.service.js';
import { Author } from '../author.js';
import { AdminApi } from '../../http/problem-response.js';
import {
  RedeliveryBody,
  WebhookDeliveryQuery,
  type RedeliveryReply,
  type WebhookDeliveryPage,
} from './webhook-delivery.dto.js';
import { ListWebhookDeliveriesApi, RedeliverApi } from './webhook-deliveries.openapi.js';

@Controller('v1/admin/webhook-endpoints/:endpointId')
@Requires('admin:read', 'admin:webhooks:write')
@AdminApi('Webhook endpoints')
export class WebhookDeliveriesController {
  constructor(private readonly deliveries: DeliveryService) {}

  @Get('deliveries')
  @ListWebhookDeliveriesApi()
  list(@Param('endpointId') endpointId: string, @Query() query: WebhookDeliveryQuery): Promise<WebhookDeliveryPage> {
    return this.deliveries.list(endpointId, query, query);
  }

  @Post('redeliver')
  @HttpCode(202)
  @RedeliverApi()
  async redeliver(
    @Author() author: AuditAuthor,
    @Param('endpointId') endpointId: string,
    @Body() body: RedeliveryBody,
  ): Promise<RedeliveryReply> {
    return { deliveries: await this.deliveries.redeliver(endpointId, body, author) };
  }
}
