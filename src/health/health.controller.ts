import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Public } from '../auth/access.js';
import { Draining } from '../common/draining.js';
import { AppError } from '../common/error-table.js';
import { VERSION } from '../common/version.js';
import { problem } from '../http/problem-response.js';
import { Readiness } from './readiness.js';

const NOT_READY = 'Requests cannot be served at the moment.';
const OK = { type: 'string', enum: ['ok'], example: 'ok' };

/** For orchestrators. Live: the process responds. Ready: the database is reachable and migrated. */
@Controller('health')
@Public()
@ApiTags('Health')
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly draining: Draining,
  ) {}

  @Get('live')
  @ApiOperation({ operationId: 'isLive', summary: 'Whether the process answers', security: [] })
  @ApiResponse({
    status: 200,
    description: 'The process answers.',
    schema: {
      type: 'object',
      required: ['status', 'version'],
      properties: { status: OK, version: { type: 'string', description: 'The running version.', example: '0.2.0' } },
    },
  })
  live() {
    return { status: 'ok', version: VERSION };
  }

  @Get('ready')
  @ApiOperation({
    operationId: 'isReady',
    summary: 'Whether requests can be served: database and migrations',
    description:
      'A provider that cannot be reached is `degraded` in `checks` and does not change the status: state polls, cancels and ' +
      'the other providers still work. The state of a provider is cached for some seconds.',
    security: [],
  })
  @ApiResponse({
    status: 200,
    description: 'Requests can be served. A provider may be `degraded`.',
    schema: {
      type: 'object',
      required: ['status', 'checks'],
      properties: {
        status: OK,
        checks: {
          type: 'object',
          additionalProperties: { type: 'string', enum: ['up', 'degraded'] },
          example: { database: 'up', migrations: 'up', simulator: 'up' },
        },
      },
    },
  })
  @problem('UNAVAILABLE', 'Requests cannot be served. `errors` says what is down.', {
    detail: NOT_READY,
    errors: [{ where: 'database', what: 'down' }],
  })
  async ready() {
    if (this.draining.isAnnounced) {
      throw new AppError('UNAVAILABLE', { detail: NOT_READY, faults: [{ where: 'process', what: 'stopping' }] });
    }
    const [look, providers] = await Promise.all([this.readiness.look(), this.readiness.providerHealth()]);
    const faults = Object.entries(look)
      .filter(([, isUp]) => !isUp)
      .map(([where]) => ({ where, what: 'down' }));
    if (faults.length > 0) throw new AppError('UNAVAILABLE', { detail: NOT_READY, faults });
    return { status: 'ok', checks: { database: 'up', migrations: 'up', ...providers } };
  }
}
