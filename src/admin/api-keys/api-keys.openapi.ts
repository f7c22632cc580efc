/** Swagger documentation of API keys. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { SCOPES } from '../../auth/access.js';
import { MAX_LIVE_KEYS } from '../../auth/api-keys/api-keys.service.js';
import { problem, takesBody, takesNoBody, takesPage } from '../../http/problem-response.js';
import { ApiKeyPage, ApiKeyReply, CreatedApiKeyReply, RotatedApiKeyReply } from './api-key.dto.js';

const keyIdParameter = ApiParam({ name: 'keyId', description: 'The key’s id.', example: '1' });
const noSuchKey = problem('NOT_FOUND', 'There is no such API key.');
const notByKey = problem(
  'FORBIDDEN',
  'The token lacks the scope `admin`, or the request has an API key, which cannot make keys.',
);
const LOCATION = {
  Location: {
    description: 'The URL of the key.',
    schema: { type: 'string' as const },
    example: '/v1/admin/api-keys/1',
  },
};

export const CreateApiKeyApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'createApiKey',
      summary: 'Make an API key',
      description:
        'For a backend without an identity provider. It sends the key as `Authorization: Bearer rbk_…`, never in a URL. A key is ' +
        'no user, so `/v1/app` refuses it. Other replicas accept it within a second.',
    }),
    ApiResponse({
      status: 201,
      description: 'The key is made. Only this reply shows it.',
      type: CreatedApiKeyReply,
      headers: LOCATION,
    }),
    takesBody('64 KB', { where: '/scopes', what: `must be a list of ${SCOPES.join(', ')}` }),
    notByKey,
    problem('CONFLICT', `There are ${MAX_LIVE_KEYS} active keys.`),
  );

export const ListApiKeysApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listApiKeys',
      summary: 'List API keys',
      description: 'Ordered by id, including revoked and expired keys. The reply does not contain the keys themselves.',
    }),
    ApiResponse({ status: 200, description: 'One page.', type: ApiKeyPage }),
    takesPage('1'),
  );

export const FindApiKeyApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getApiKey', summary: 'One API key', description: 'Without its text.' }),
    keyIdParameter,
    ApiResponse({ status: 200, description: 'The key.', type: ApiKeyReply }),
    noSuchKey,
  );

export const RotateApiKeyApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'rotateApiKey',
      summary: 'Rotate an API key',
      description:
        'Makes a new key with the same name, scopes and subject. For the overlap both are accepted, so the backend can switch ' +
        'at any time. A retry with the new key is the same request: its `Idempotency-Key` still counts.',
    }),
    keyIdParameter,
    ApiResponse({
      status: 201,
      description: 'The new key is made. Only this reply shows it.',
      type: RotatedApiKeyReply,
      headers: LOCATION,
    }),
    takesBody('64 KB', { where: '/overlapSeconds', what: 'must be a whole number, 0 to 7776000' }),
    notByKey,
    noSuchKey,
    problem('CONFLICT', 'The key is revoked or expired, or was rotated already.'),
  );

export const RevokeApiKeyApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'revokeApiKey',
      summary: 'Revoke an API key',
      description:
        'All replicas refuse it within a second, and end its streams and long polls. It stays in the list. Keys that were ' +
        'rotated from it, or into it, are not affected.',
    }),
    keyIdParameter,
    ApiResponse({ status: 204, description: 'Revoked, now or earlier.' }),
    takesNoBody(),
    noSuchKey,
  );
