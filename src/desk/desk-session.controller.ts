/** Sessions of the desk. A session is a cookie, so these routes take no token; each checks by itself who sends it. */
import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../auth/access.js';
import { Authentication } from '../auth/authentication.js';
import { DeskSessions, type Entrance } from '../auth/desk-sessions/desk-sessions.service.js';
import { LiveSessions } from '../auth/desk-sessions/live-sessions.js';
import { holderOfLink } from '../auth/desk-sessions/one-time-link.js';
import { endedSessionCookies, sessionCookie, sessionValueOf } from '../auth/desk-sessions/session-cookie.js';
import { AppError } from '../common/error-table.js';
import { VERSION } from '../common/version.js';
import { CONFIG, type Config } from '../config/config.js';
import { authorOf, requireDesk } from './desk-request.js';
import { DeskEntrance, type DeskSessionReply } from './desk-session.dto.js';
import { DeskApi, EndDeskSessionApi, FindDeskSessionApi, OpenDeskSessionApi } from './desk.openapi.js';

@Controller('v1/desk/session')
@Public()
@DeskApi()
export class DeskSessionController {
  constructor(
    private readonly authentication: Authentication,
    private readonly sessions: DeskSessions,
    private readonly live: LiveSessions,
    @Inject(CONFIG) private readonly config: Pick<Config, 'jwtSecrets'>,
  ) {}

  @Post()
  @OpenDeskSessionApi()
  async open(
    @Req() request: FastifyRequest,
    @Body() body: DeskEntrance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeskSessionReply> {
    requireDesk(request);
    const entrance = await this.entranceOf(body, request);
    const { value, expiresAt, scopes } = await this.sessions.open(entrance, authorOf(request));
    void reply.header('set-cookie', sessionCookie(request, value, secondsUntil(expiresAt)));
    return { subject: entrance.principal.subject, scopes, expiresAt, version: VERSION };
  }

  @Get()
  @FindDeskSessionApi()
  async find(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeskSessionReply | undefined> {
    requireDesk(request);
    const value = sessionValueOf(request);
    const session = value === null ? null : (this.live.find(value) ?? (await this.live.findAfterNextRead(value)));
    if (session === null) {
      void reply.code(204);
      return undefined;
    }
    const { subject, scopes, expiresAt } = session;
    return { subject, scopes: [...scopes], expiresAt: new Date(expiresAt), version: VERSION };
  }

  @Delete()
  @HttpCode(204)
  @EndDeskSessionApi()
  async end(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    requireDesk(request);
    const value = sessionValueOf(request);
    if (value !== null) await this.sessions.end(value);
    void reply.header('set-cookie', endedSessionCookies());
  }

  private async entranceOf({ token, link }: DeskEntrance, request: FastifyRequest): Promise<Entrance> {
    if (token !== undefined && link === undefined) {
      const principal = await this.authentication.principalOfToken(token, request);
      return { principal, by: 'token', until: principal.expiresAt };
    }
    if (link !== undefined && token === undefined) {
      const { principal, linkId } = await this.authentication.counting(request, () =>
        holderOfLink(link, this.config.jwtSecrets ?? []),
      );
      return { principal, by: 'link', linkId };
    }
    throw new AppError('BAD_REQUEST', { faults: [{ where: '/token', what: 'give either token or link' }] });
  }
}

export const secondsUntil = (moment: Date): number => Math.max(0, Math.floor((moment.getTime() - Date.now()) / 1_000));
