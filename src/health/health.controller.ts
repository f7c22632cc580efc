import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  HealthCheckService,
  HealthIndicatorService,
  TypeOrmHealthIndicator,
  type HealthCheckResult,
  type HealthIndicatorResult,
} from '@nestjs/terminus';
import { DataSource } from 'typeorm';
import { Public } from '../auth/access.js';
import { AppError } from '../common/error-table.js';
import { ProviderChoice } from '../telephony/provider-choice.js';

const DATABASE_PING_LIMIT_MS = 2_000;

/** For orchestrators: live says that the process answers, ready says that it can place and tell of calls. */
@Controller('health')
@Public()
@ApiTags('Health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly typeorm: TypeOrmHealthIndicator,
    private readonly database: DataSource,
    private readonly providers: ProviderChoice,
  ) {}

  @Get('live')
  @ApiOperation({ operationId: 'isLive', summary: 'Whether the process answers' })
  @ApiResponse({ status: 200, description: 'It does.', schema: { example: { status: 'ok' } } })
  live() {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ operationId: 'isReady', summary: 'Whether calls can be placed: database, migrations, provider' })
  @ApiResponse({
    status: 200,
    description: 'They can.',
    schema: { example: { status: 'ok', checks: { database: 'up', migrations: 'up', simulator: 'up' } } },
  })
  @ApiResponse({ status: 503, description: 'They cannot; `errors` says what is missing.' })
  async ready() {
    try {
      const { info } = await this.health.check([
        () => this.typeorm.pingCheck('database', { timeout: DATABASE_PING_LIMIT_MS }),
        () => this.migrations(),
        ...this.providers.all.map((provider) => async (): Promise<HealthIndicatorResult> => {
          const check = this.indicators.check(provider.name);
          return (await provider.isReachable()) ? check.up() : check.down();
        }),
      ]);
      return { status: 'ok', checks: statuses(info) };
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      const result = error.getResponse() as HealthCheckResult;
      const faults = Object.keys(result.error ?? {}).map((where) => ({ where, what: 'down' }));
      throw new AppError('UNAVAILABLE', { detail: 'Calls cannot be placed at the moment.', faults });
    }
  }

  private async migrations(): Promise<HealthIndicatorResult> {
    const check = this.indicators.check('migrations');
    const pending = await this.database.showMigrations().catch(() => true);
    return pending ? check.down() : check.up();
  }
}

const statuses = (info: HealthCheckResult['info']) =>
  Object.fromEntries(Object.entries(info ?? {}).map(([name, check]) => [name, check?.status]));
