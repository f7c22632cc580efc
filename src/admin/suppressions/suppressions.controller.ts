import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { Requires } from '../../auth/access.js';
import { SuppressionList } from '../../directory/suppression-list.service.js';
import { AdminApi } from '../../http/problem-response.js';
import { Author } from '../author.js';
import { pageFacts } from '../page-facts.js';
import {
  SuppressionQuery,
  SuppressionsBody,
  type SuppressionPage,
  type SuppressionsStored,
} from './suppression.dto.js';
import { ListSuppressionsApi, RemoveSuppressionApi, StoreSuppressionsApi } from './suppressions.openapi.js';

@Controller('v1/admin/suppressions')
@Requires('admin:read', 'admin:protection:write')
@AdminApi('Suppressions')
export class SuppressionsController {
  constructor(
    private readonly list: SuppressionList,
    private readonly audit: AuditTrail,
  ) {}

  @Put()
  @StoreSuppressionsApi()
  store(@Author() author: AuditAuthor, @Body() { suppressions }: SuppressionsBody): Promise<SuppressionsStored> {
    return this.list.store(suppressions, author);
  }

  @Get()
  @ListSuppressionsApi()
  find(@Author() author: AuditAuthor, @Query() query: SuppressionQuery): Promise<SuppressionPage> {
    return this.audit.read(author, this.list.list(query, query.phone), (page) =>
      pageFacts(query, page, ({ id }) => id),
    );
  }

  @Delete(':suppressionId')
  @HttpCode(204)
  @RemoveSuppressionApi()
  remove(@Author() author: AuditAuthor, @Param('suppressionId') id: string): Promise<void> {
    return this.list.remove(id, author);
  }
}
