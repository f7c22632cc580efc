/** Signing in to the desk by the identity provider. */
import { Body, Controller, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../auth/access.js';
import { Authentication } from '../auth/authentication.js';
import { DeskSessions } from '../auth/desk-sessions/desk-sessions.service.js';
import { flowCookie, flowValueOf, sessionCookie } from '../auth/desk-sessions/session-cookie.js';
import { AppError } from '../common/error-table.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { CONFIG, type Config } from '../config/config.js';
import { authorOf, requireDesk } from './desk-request.js';
import { secondsUntil } from './desk-session.controller.js';
import { DeskSignIn, type DeskSignInOptions, type DeskSignInReply } from './desk-session.dto.js';
import { BeginDeskSignInApi, DeskApi, DeskSignInOptionsApi } from './desk.openapi.js';
import { FlowFault, FLOW_SECONDS, IdentityProvider } from './identity-provider.js';

/** Relative, so that it also works behind a proxy with a path prefix. */
const SIGN_IN = '../../desk/sign-in';

@Controller('v1/desk')
@Public()
@DeskApi()
export class DeskSignInController {
  constructor(
    private readonly provider: IdentityProvider,
    private readonly authentication: Authentication,
    private readonly sessions: DeskSessions,
    @Inject(CONFIG) private readonly config: Pick<Config, 'oidcIssuer' | 'jwtJwksUri'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Get('sign-in')
  @DeskSignInOptionsApi()
  options(): DeskSignInOptions {
    return { identityProvider: this.provider.isConfigured, links: this.config.jwtJwksUri === undefined };
  }

  @Post('sign-in')
  @HttpCode(200)
  @BeginDeskSignInApi()
  async begin(
    @Req() request: FastifyRequest,
    @Body() { redirectUri }: DeskSignIn,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeskSignInReply> {
    requireDesk(request);
    this.requireProvider();
    if (!isOurCallback(redirectUri, request.headers.origin)) {
      const what = 'must be the address of /v1/desk/callback at this origin';
      throw new AppError('BAD_REQUEST', { faults: [{ where: '/redirectUri', what }] });
    }
    const { location, flow } = await this.provider.begin(redirectUri);
    void reply.header('set-cookie', flowCookie(request, flow, FLOW_SECONDS));
    return { location };
  }

  @Get('callback')
  @ApiExcludeEndpoint()
  async finish(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.requireProvider();
    const ended = flowCookie(request, '', 0);
    try {
      const token = await this.provider.finish(flowValueOf(request), request.url);
      const principal = await this.authentication.principalOfToken(token, request);
      const entrance = { principal, by: 'identity-provider' } as const;
      const { value, expiresAt } = await this.sessions.open(entrance, authorOf(request));
      const cookie = sessionCookie(request, value, secondsUntil(expiresAt));
      // That page leads on to where the person was, which only the browser knows.
      void reply.code(303).header('set-cookie', [ended, cookie]).header('location', SIGN_IN).send();
    } catch (error) {
      const reason = reasonOf(error);
      this.logger.info({ error, reason }, 'a sign-in to the desk failed');
      void reply.code(303).header('set-cookie', ended).header('location', `${SIGN_IN}?failed=${reason}`).send();
    }
  }

  /** @throws AppError NOT_FOUND */
  private requireProvider(): void {
    if (!this.provider.isConfigured) {
      throw new AppError('NOT_FOUND', {
        detail: 'OIDC_ISSUER is not set, so nobody signs in by an identity provider.',
      });
    }
  }
}

/** As the page for signing in explains it. */
const reasonOf = (error: unknown): string => {
  if (error instanceof FlowFault) return error.reason;
  if (!(error instanceof AppError)) return 'error';
  if (error.code === 'FORBIDDEN') return 'scope';
  return error.code === 'UNAVAILABLE' ? 'unavailable' : 'token';
};

const isOurCallback = (address: string, origin: string | undefined): boolean => {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return (
    /^https?:$/.test(url.protocol) &&
    url.pathname.endsWith('/v1/desk/callback') &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    (origin === undefined || origin === url.origin)
  );
};
