/** Swagger documentation of sub-accounts. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { problem, takesBody, takesNoBody } from '../../http/problem-response.js';
import { userIdParameter } from '../users/user-name.openapi.js';
import { SubAccountList, SubAccountReply } from './sub-account.dto.js';

const providerParameter = ApiParam({ name: 'provider', description: 'The name of a provider.', example: 'simulator' });
const noSuchSubAccount = problem('NOT_FOUND', 'There is no such user, or they have no sub-account at this provider.');

export const ListSubAccountsApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listSubAccounts',
      summary: 'The sub-accounts of a user',
      description: 'At most one per provider, ordered by provider. Secrets are never shown.',
    }),
    userIdParameter,
    ApiResponse({ status: 200, description: 'The sub-accounts of the user.', type: SubAccountList }),
    problem('NOT_FOUND', 'There is no such user.'),
  );

export const StoreSubAccountApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'storeSubAccount',
      summary: 'Create or replace a sub-account',
      description:
        'From now on the user’s calls through this provider use these credentials. The secret is encrypted ' +
        'before it is stored, and is never shown.',
    }),
    userIdParameter,
    providerParameter,
    ApiResponse({ status: 200, description: 'Replaced.', type: SubAccountReply }),
    ApiResponse({ status: 201, description: 'Created.', type: SubAccountReply }),
    takesBody('64 KB', { where: '/secret', what: 'must be a string' }),
    problem('NOT_FOUND', 'There is no such user, or this service runs no such provider.', {
      detail: 'This service runs no such provider; it runs simulator.',
    }),
  );

export const FindSubAccountApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getSubAccount', summary: 'One sub-account', description: 'Without its secret.' }),
    userIdParameter,
    providerParameter,
    ApiResponse({ status: 200, description: 'The sub-account.', type: SubAccountReply }),
    noSuchSubAccount,
  );

export const RemoveSubAccountApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'removeSubAccount',
      summary: 'Remove a sub-account',
      description: 'Also for a provider that is no longer configured.',
    }),
    userIdParameter,
    providerParameter,
    ApiResponse({ status: 204, description: 'Removed.' }),
    takesNoBody(),
    noSuchSubAccount,
  );
