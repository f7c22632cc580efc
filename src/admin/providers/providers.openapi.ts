/** What Swagger says of providers and of the way that a call would go. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { NOT_DIALABLE } from '../../directory/dialable-phone.js';
import { DryRunReply } from '../dry-run/dry-run.dto.js';
import { problem } from '../../http/problem-response.js';
import { ProviderList } from './provider.dto.js';

export const ListProvidersApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listProviders',
      summary: 'The providers and the routes',
      description: 'What the environment says, as it is in use, and how each provider is. No secret is ever shown.',
    }),
    ApiResponse({ status: 200, description: 'All of them.', type: ProviderList }),
  );

export const DryRunApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'dryRun',
      summary: 'Which way a call would go, and why',
      description:
        'Nobody is rung, and no provider is asked: whether it would take the number is for it to say. Give `calleeId` or ' +
        '`phone`, not both.',
    }),
    ApiResponse({ status: 200, description: 'What would become of the call.', type: DryRunReply }),
    problem('BAD_REQUEST', 'A parameter is missing, wrong or unknown, or there is no single callee.', {
      errors: [
        { where: '/phone', what: NOT_DIALABLE },
        { where: '/calleeId', what: 'give either calleeId or phone, and not the caller themselves' },
      ],
    }),
  );
