import { Controller, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiExcludeEndpoint, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../auth/access.js';
import { CallRecorder } from '../call/call-recorder.js';
import type { Applied } from '../call/record/apply-call-event.js';
import { CatchUp } from '../call/reconciliation/catch-up.js';
import { plainAddress } from '../common/address-ranges.js';
import { AppError } from '../common/error-table.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { problem } from '../http/problem-response.js';
import { noteEvent } from '../telephony/provider-metrics.js';
import { ProviderRegistry } from '../telephony/provider-registry.js';
import type { ProviderEvent, WebhookReading } from '../telephony/telephony-provider.js';
import { countWebhook, observeLag } from './webhook-metrics.js';

const SIMULATOR_BODY = {
  type: 'call.ended',
  call: { id: 'SIM9c1f0a4e', reference: '16090510160925480001030600243044' },
  occurredAt: '2026-11-24T10:16:09.254Z',
  endReason: 'busy',
  delivery: '5b7c1d52-9a51-4c1c-8a5e-2f0c3b1d7e64',
};

/** Requests are logged at debug, because each event has its own log line. */
const WEBHOOK_ROUTE = { rawBody: true, bodyLimitBytes: 64 * 1024, isRoutine: true } as const;

/**
 * Receives the webhooks of providers. Public, because a provider's signature over the raw bytes replaces a token. After
 * a reply other than 2xx, a provider delivers again. A replay gets 409, which is no reason to deliver again.
 */
@Controller('v1/webhooks')
@Public()
@ApiTags('Webhooks')
export class WebhookController {
  constructor(
    private readonly recorder: CallRecorder,
    private readonly catchUp: CatchUp,
    private readonly providers: ProviderRegistry,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Post(':provider')
  @HttpCode(204)
  @RouteConfig(WEBHOOK_ROUTE)
  @ApiOperation({
    operationId: 'receiveWebhook',
    summary: 'Events of a call, from its provider',
    description:
      'For providers, in the provider’s own format and with its own signature over the raw bytes. The simulator signs as ' +
      'in [Standard Webhooks](https://www.standardwebhooks.com), with the headers `webhook-id`, `webhook-timestamp` and ' +
      '`webhook-signature`. 容联 signs nothing and posts to `/v1/webhooks/yuntongxun/` followed by `YUNTONGXUN_WEBHOOK_TOKEN`, ' +
      'optionally with `/CallAuth`, `/CallEstablish` or `/Hangup` at the end. Any other path gets the same 401.',
    security: [],
  })
  @ApiParam({
    name: 'provider',
    description: 'Name of the provider.',
    schema: { type: 'string', example: 'simulator' },
  })
  @ApiBody({
    required: true,
    description: 'At most 64 KB.',
    schema: { type: 'object' },
    examples: { simulator: { summary: 'The simulator', value: SIMULATOR_BODY } },
  })
  @ApiResponse({ status: 204, description: 'The events are stored, by this delivery or an earlier one.' })
  @problem('BAD_REQUEST', 'Signed by the provider, but not readable.', {
    detail: 'Not understood: the body is not JSON.',
  })
  @problem('UNAUTHENTICATED', 'The signature is missing, wrong or older than 5 minutes.', {
    detail: 'No matching signature found; see the webhook-* headers.',
  })
  @problem('NOT_FOUND', 'No such provider, or the call is unknown, possibly only not yet known.', {
    detail: 'There is no such call.',
  })
  @problem('CONFLICT', 'A replay of the same delivery.', { detail: 'This delivery has been received before.' })
  @problem('TOO_LARGE', 'The body is over 64 KB.')
  @problem('UNSUPPORTED_MEDIA_TYPE', 'The body has a `Content-Encoding`. Its type is ignored.', {
    detail: 'The body is encoded; send it without Content-Encoding.',
  })
  @problem('INTERNAL', 'A bug; deliver again.')
  @problem('UNAVAILABLE', 'The database is not available, or the process is shutting down; deliver again.')
  async receive(
    @Param('provider') name: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) response: FastifyReply,
  ): Promise<string | undefined> {
    const provider = this.providers.named(name);
    if (!provider?.readWebhook) throw new AppError('NOT_FOUND');
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const reading = provider.readWebhook({
      headers: joinedHeaders(request),
      body,
      target: request.originalUrl,
      address: plainAddress(request.ip),
    });
    if (reading.kind !== 'genuine') countWebhook(name, reading.kind);
    if (reading.kind === 'forged') throw new AppError('UNAUTHENTICATED', { detail: reading.reason });
    if (reading.kind === 'malformed') throw new AppError('BAD_REQUEST', { detail: reading.reason });
    noteEvent(name);
    let isNews = reading.events.length === 0;
    let isStored = true;
    for (const event of reading.events) {
      const applied = await this.apply(name, event, reading);
      if (applied === 'applied') isNews = true;
      if (applied === 'not_stored') isStored = false;
    }
    if (isStored) countWebhook(name, isNews ? 'stored' : 'repeated');
    const { reply } = reading;
    if (!reply) return undefined;
    void response.status(200).type(reply.contentType);
    return reply.ifOver !== undefined && (await this.isOver(name, reading)) ? reply.ifOver : reply.body;
  }

  /** For this provider: another one may carry the call by now. */
  private async isOver(provider: string, { events }: Pick<GenuineReading, 'events'>): Promise<boolean> {
    const callSid = events[0]?.callSid ?? null;
    return callSid !== null && !(await this.recorder.isCarriedBy(provider, callSid));
  }

  /** A provider that signs nothing gets a URL with a secret in its path. */
  @Post(':provider/*')
  @HttpCode(204)
  @RouteConfig(WEBHOOK_ROUTE)
  @ApiExcludeEndpoint()
  receiveBelow(
    @Param('provider') name: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) response: FastifyReply,
  ): Promise<string | undefined> {
    return this.receive(name, request, response);
  }

  private async apply(
    provider: string,
    event: ProviderEvent,
    { receipt, reply }: Pick<GenuineReading, 'receipt' | 'reply'>,
  ): Promise<Applied | 'not_stored'> {
    const applied = await this.recorder.apply(provider, event, receipt, 'webhook').catch((error: unknown) => {
      // The provider retries only a limited number of times.
      this.catchUp.askAbout(provider);
      countWebhook(provider, 'failed');
      if (!reply?.isNeeded) throw error;
      this.logger.warn(
        { error, provider },
        'an event could not be stored; its call goes on, and its status is fetched later',
      );
      return 'not_stored' as const;
    });
    if (applied === 'applied') observeLag(provider, event.occurredAt);
    if (applied === 'unknown_call' || applied === 'replayed') countWebhook(provider, applied);
    if (applied === 'unknown_call') throw new AppError('NOT_FOUND', { detail: 'There is no such call.' });
    if (applied === 'replayed') throw new AppError('CONFLICT', { detail: 'This delivery has been received before.' });
    return applied;
  }
}

type GenuineReading = Extract<WebhookReading, { kind: 'genuine' }>;

const joinedHeaders = ({ headers }: FastifyRequest): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
