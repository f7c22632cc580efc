import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Author as AuditAuthor } from '../../audit/audit-entry.entity.js';
import { Requires } from '../../auth/access.js';
import { Budgets } from '../../call/spending/budgets.service.js';
import { AdminApi } from '../../http/problem-response.js';
import { Author } from '../author.js';
import { PageQuery } from '../page-query.js';
import { BudgetBody, type BudgetPage, type BudgetReply } from './budget.dto.js';
import { ListBudgetsApi, RemoveBudgetApi, StoreBudgetApi } from './money.openapi.js';

@Controller('v1/admin/budgets')
@Requires('admin:read', 'admin:protection:write')
@AdminApi('Money')
export class BudgetsController {
  constructor(private readonly budgets: Budgets) {}

  @Put()
  @StoreBudgetApi()
  async store(
    @Author() author: AuditAuthor,
    @Body() body: BudgetBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BudgetReply> {
    const { budget, isNew } = await this.budgets.store(body, author);
    void reply.status(isNew ? 201 : 200);
    return budget;
  }

  @Get()
  @ListBudgetsApi()
  list(@Query() query: PageQuery): Promise<BudgetPage> {
    return this.budgets.list(query);
  }

  @Delete(':budgetId')
  @HttpCode(204)
  @RemoveBudgetApi()
  remove(@Author() author: AuditAuthor, @Param('budgetId') id: string): Promise<void> {
    return this.budgets.remove(id, author);
  }
}
