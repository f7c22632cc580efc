/** What Swagger says of webhook endpoints. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { problem, takesBody, takesNoBody, takesPage } from '../../http/problem-response.js';
import {
  CreatedWebhookEndpointReply,
  NewWebhookSecretReply,
  WebhookEndpointPage,
  WebhookEndpointReply,
} from './webhook-endpoint.dto.js';

export const endpointIdParameter = ApiParam({ name: 'endpointId', description: 'The endpoint’s id.', example: '1' });
export const noSuchEndpoint = problem('NOT_FOUND', 'There is no such endpoint.');
const BAD_URL = {
  where: '/url',
  what:
    'must not lead there: 10.0.0.5 is not a public address (private); have the operator allow its range ' +
    '(WEBHOOK_ALLOWED_RANGES)',
};

export const CreateWebhookEndpointApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'createWebhookEndpoint',
      summary: 'Register an endpoint',
      description:
        'From now on every change of a call is posted to it, signed as Standard Webhooks has it: in the order of the ' +
        'changes within a call, at least once, with `webhook-id` to know a repeat by, until it answers with a 2xx. The ' +
        'body is the change in the very bytes in which the stream, the long poll and the timeline tell it.',
    }),
    ApiResponse({
      status: 201,
      description: 'Registered. This reply alone shows the secret.',
      type: CreatedWebhookEndpointReply,
      headers: {
        Location: {
          description: 'Where the endpoint is.',
          schema: { type: 'string' },
          example: '/v1/admin/webhook-endpoints/1',
        },
      },
    }),
    takesBody('64 KB', BAD_URL),
  );

export const ListWebhookEndpointsApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'listWebhookEndpoints', summary: 'List endpoints', description: 'Ordered by id.' }),
    ApiResponse({ status: 200, description: 'One page.', type: WebhookEndpointPage }),
    takesPage('1'),
  );

export const FindWebhookEndpointApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getWebhookEndpoint', summary: 'One endpoint', description: 'Without its secret.' }),
    endpointIdParameter,
    ApiResponse({ status: 200, description: 'The endpoint.', type: WebhookEndpointReply }),
    noSuchEndpoint,
  );

export const ChangeWebhookEndpointApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'changeWebhookEndpoint',
      summary: 'Change, disable or enable an endpoint',
      description:
        'What is absent stays as it is. An endpoint that has taken nothing for 24 hours, or that answers 410, is disabled ' +
        'by itself; `disabledReason` says so. Disabled is paused: changes go on being kept for it, for 30 days, and go ' +
        'out in order once `enabled` is `true`. Another list of types holds for changes from now on.',
    }),
    endpointIdParameter,
    ApiResponse({ status: 200, description: 'The endpoint as it is now.', type: WebhookEndpointReply }),
    takesBody('64 KB', BAD_URL),
    noSuchEndpoint,
  );

export const RotateWebhookSecretApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'rotateWebhookSecret',
      summary: 'Make a new secret',
      description:
        'For 24 hours both secrets sign, each with a signature of its own in the `webhook-signature` header, so that your ' +
        'backend can change over when it likes.',
    }),
    endpointIdParameter,
    ApiResponse({ status: 200, description: 'The new secret, shown this once.', type: NewWebhookSecretReply }),
    takesNoBody(),
    noSuchEndpoint,
  );

export const RemoveWebhookEndpointApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'removeWebhookEndpoint',
      summary: 'Remove an endpoint',
      description: 'With its deliveries, the pending ones too. One that is to be told later is better disabled.',
    }),
    endpointIdParameter,
    ApiResponse({ status: 204, description: 'Removed.' }),
    takesNoBody(),
    noSuchEndpoint,
  );
