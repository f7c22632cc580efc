/** Swagger documentation of signing in to the desk. */
import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { RATE_LIMIT_DOCUMENT } from '../common/rate-limit-headers.js';
import { DESK_HEADER } from '../auth/desk-sessions/session-cookie.js';
import { FAILED_TOKENS, problem, ProblemModel, takesBody, takesNoBody } from '../http/problem-response.js';
import { DeskSessionReply, DeskSignInOptions, DeskSignInReply } from './desk-session.dto.js';

export const DeskApi = () =>
  applyDecorators(
    ApiTags('Desk'),
    ApiExtraModels(ProblemModel),
    problem('INTERNAL', 'A bug; see the log lines with the request id.'),
    problem('UNAVAILABLE', 'The database is unavailable, or the process is shutting down.'),
  );

const fromDesk = () =>
  applyDecorators(
    ApiHeader({
      name: DESK_HEADER,
      required: true,
      description: 'What no form of another site can send.',
      schema: { type: 'string', enum: ['1'] },
    }),
    problem(
      'FORBIDDEN',
      'The header is missing, another site causes the request, or the token has no scope of the admin API.',
    ),
  );

const SESSION = 'The cookie `ringback-desk` names the session; by https, `__Host-ringback-desk`.';

export const OpenDeskSessionApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'signInToDesk',
      summary: 'Sign in by a token or a one-time link',
      description:
        'The response sets the cookie of the session, which a script cannot read. The session ends after 8 hours, or with the ' +
        'token. No API key is accepted.',
      security: [],
    }),
    fromDesk(),
    ApiResponse({ status: 201, description: 'You are signed in.', type: DeskSessionReply }),
    takesBody('64 KB', { where: '/token', what: 'give either token or link' }),
    problem('UNAUTHENTICATED', 'The token or the link is malformed, expired or forged.'),
    problem('CONFLICT', 'The link has been used.', { detail: 'This link has been used. Each link works once.' }),
    problem('FAILED_TOKENS_TOO_FREQUENT', FAILED_TOKENS, {}, RATE_LIMIT_DOCUMENT),
  );

export const FindDeskSessionApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'findDeskSession',
      summary: 'Who is signed in',
      description: SESSION,
      security: [],
    }),
    fromDesk(),
    ApiResponse({ status: 200, description: 'You are signed in.', type: DeskSessionReply }),
    ApiResponse({ status: 204, description: 'Nobody is signed in, or the session has ended.' }),
  );

export const EndDeskSessionApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'signOutOfDesk',
      summary: 'Sign out',
      description: 'All replicas refuse the session within a second. Repeating it changes nothing.',
      security: [],
    }),
    fromDesk(),
    ApiResponse({ status: 204, description: 'You are signed out.' }),
    takesNoBody(),
  );

export const DeskSignInOptionsApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'deskSignInOptions', summary: 'How to sign in', security: [] }),
    ApiResponse({ status: 200, description: 'What the service accepts beside a token.', type: DeskSignInOptions }),
  );

const noIdentityProvider = problem('NOT_FOUND', '`OIDC_ISSUER` is not set.');

export const BeginDeskSignInApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'beginDeskSignIn',
      summary: 'Begin to sign in by the identity provider',
      description:
        'Authorization code flow with PKCE. What belongs to it is kept for 10 minutes in a cookie of the browser.',
      security: [],
    }),
    fromDesk(),
    ApiResponse({ status: 200, description: 'Lead the browser there.', type: DeskSignInReply }),
    takesBody('64 KB', { where: '/redirectUri', what: 'must be the address of /v1/desk/callback at this origin' }),
    noIdentityProvider,
  );
