import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import {
  HealthCheckService,
  HealthIndicatorService,
  type HealthCheckResult,
  type HealthIndicatorResult,
} from '@nestjs/terminus';
import { DataSource } from 'typeorm';
import { Public } from '../auth/access.js';
import { AppError, ERRORS } from '../common/error-table.js';
import { missingMigrations } from '../database/missing-migrations.js';
import { ProviderChoice } from '../telephony/provider-choice.js';

const OK = { type: 'string', enum: ['ok'], example: 'ok' };

/** For orchestrators: live says that the process answers, ready says that it can place and tell of calls. */
@Controller('health')
@Public()
@ApiTags('Health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly database: DataSource,
    private readonly providers: ProviderChoice,
  ) {}

  @Get('live')
  @ApiOperation({ operationId: 'isLive', summary: 'Whether the process answers', security: [] })
  @ApiResponse({
    status: 200,
    description: 'It does.',
    schema: { type: 'object', required: ['status'], properties: { status: OK } },
  })
  live() {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({
    operationId: 'isReady',
    summary: 'Whether calls can be placed: database, migrations, provider',
    security: [],
  })
  @ApiResponse({
    status: 200,
    description: 'They can.',
    schema: {
      type: 'object',
      required: ['status', 'checks'],
      properties: {
        status: OK,
        checks: {
          type: 'object',
          additionalProperties: { type: 'string', enum: ['up'] },
          example: { database: 'up', migrations: 'up', simulator: 'up' },
        },
      },
    },
  })
  @ApiResponse({
    status: 503,
    description: 'They cannot; `errors` says what is missing.',
    content: {
      'application/problem+json': {
        // By its name: the class is the admin module's, which nobody imports.
        schema: { $ref: getSchemaPath('Problem') },
        example: {
          type: 'about:blank',
          title: ERRORS.UNAVAILABLE.message,
          status: 503,
          code: 'UNAVAILABLE',
          detail: 'Calls cannot be placed at the moment.',
          errors: [{ where: 'database', what: 'down' }],
          requestId: '5d7e2d3a9f10-1c8',
        },
      },
    },
  })
  async ready() {
    const missing = missingMigrations(this.database).catch(() => null);
    try {
      const { info } = await this.health.check([
        () => this.check('database', async () => (await missing) !== null),
        () => this.check('migrations', async () => (await missing)?.length === 0),
        ...this.providers.all.map((provider) => () => this.check(provider.name, () => provider.isReachable())),
      ]);
      return { status: 'ok', checks: statuses(info) };
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      const result = error.getResponse() as HealthCheckResult;
      const faults = Object.keys(result.error ?? {}).map((where) => ({ where, what: 'down' }));
      throw new AppError('UNAVAILABLE', { detail: 'Calls cannot be placed at the moment.', faults });
    }
  }

  private async check(name: string, isUp: () => Promise<boolean>): Promise<HealthIndicatorResult> {
    const check = this.indicators.check(name);
    return (await isUp()) ? check.up() : check.down();
  }
}

const statuses = (info: HealthCheckResult['info']) =>
  Object.fromEntries(Object.entries(info ?? {}).map(([name, check]) => [name, check?.status]));
