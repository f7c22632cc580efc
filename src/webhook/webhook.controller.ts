import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Public } from '../auth/access.js';
import { CallService } from '../call/call.service.js';
import { AppError } from '../common/error-table.js';
import { ProviderChoice } from '../telephony/provider-choice.js';
import type { ProviderEvent } from '../telephony/telephony-provider.js';

/**
 * The door for providers. Public, because a provider's signature over the raw bytes takes the place of a token. A reply
 * other than 2xx makes an honest provider deliver again; a replay of a delivery is told so, and is no reason to.
 */
@Controller('v1/webhooks')
@Public()
@ApiTags('Webhooks')
export class WebhookController {
  constructor(
    private readonly calls: CallService,
    private readonly providers: ProviderChoice,
  ) {}

  @Post(':provider')
  @HttpCode(204)
  @RouteConfig({ rawBody: true, bodyLimitBytes: 64 * 1024 })
  @ApiOperation({
    operationId: 'receiveWebhook',
    summary: 'A provider tells of a call',
    description: 'For providers, in the provider’s own format and with its own signature over the raw bytes.',
  })
  @ApiParam({ name: 'provider', description: 'Name of the provider.', example: 'simulator' })
  @ApiBody({ required: true, description: 'At most 64 KB.', schema: { type: 'object' } })
  @ApiResponse({ status: 204, description: 'Stored, now or before.' })
  @ApiResponse({ status: 400, description: 'Signed by the provider, yet not to be understood.' })
  @ApiResponse({ status: 401, description: 'The signature is missing, wrong or older than 5 minutes.' })
  @ApiResponse({ status: 404, description: 'No such provider, or a call that is not known here (yet).' })
  @ApiResponse({ status: 409, description: 'This very delivery has been received before: a replay.' })
  @ApiResponse({ status: 413, description: 'The body is over 64 KB.' })
  @ApiResponse({ status: 503, description: 'The database is not available; deliver again.' })
  async receive(@Param('provider') name: string, @Req() request: FastifyRequest): Promise<void> {
    const provider = this.providers.named(name);
    if (!provider?.readWebhook) throw new AppError('NOT_FOUND');
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const reading = provider.readWebhook({ headers: joinedHeaders(request), body });
    if (reading.kind === 'forged') throw new AppError('UNAUTHENTICATED', { detail: reading.reason });
    if (reading.kind === 'malformed') throw new AppError('BAD_REQUEST', { detail: reading.reason });
    for (const event of reading.events) await this.apply(name, event, reading.receipt);
  }

  private async apply(provider: string, event: ProviderEvent, receipt: string): Promise<void> {
    const applied = await this.calls.apply(provider, event, receipt);
    if (applied === 'unknown_call') throw new AppError('NOT_FOUND', { detail: 'There is no such call.' });
    if (applied === 'replayed') throw new AppError('CONFLICT', { detail: 'This delivery has been received before.' });
  }
}

const joinedHeaders = ({ headers }: FastifyRequest): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]));
