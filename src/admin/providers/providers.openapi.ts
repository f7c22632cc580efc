/** Swagger documentation of providers and of the dry run. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { NOT_DIALABLE_PHONE } from '../../directory/dialable-phone.js';
import { DryRunReply } from '../dry-run/dry-run.dto.js';
import { problem } from '../../http/problem-response.js';
import { ProviderList } from './provider.dto.js';

export const ListProvidersApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listProviders',
      summary: 'The providers and the routes',
      description: 'The settings in use, and the state of each provider. Secrets are never shown.',
    }),
    ApiResponse({ status: 200, description: 'The providers and the routes.', type: ProviderList }),
  );

export const DryRunApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'dryRun',
      summary: 'Which provider a call would take, and why',
      description:
        'No phone rings and no request is sent to a provider, so a provider may still refuse the number. Give `calleeId` or ' +
        '`phone`, not both.',
    }),
    ApiResponse({ status: 200, description: 'The expected outcome of the call.', type: DryRunReply }),
    problem('BAD_REQUEST', 'A parameter is missing, wrong or unknown, or there is no single callee.', {
      errors: [
        { where: '/phone', what: NOT_DIALABLE_PHONE },
        { where: '/calleeId', what: 'give either calleeId or phone, and not the caller’s own id' },
      ],
    }),
  );
