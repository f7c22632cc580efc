/** Swagger documentation of webhook endpoints. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { problem, takesBody, takesNoBody, takesPage } from '../../http/problem-response.js';
import {
  CreatedWebhookEndpointReply,
  NewWebhookSecretReply,
  WebhookEndpointPage,
  WebhookEndpointReply,
  WebhookTestReply,
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
        'From now on every change of a call is posted to it, signed as in Standard Webhooks. Delivery is at least once and in the ' +
        'order of the changes within a call, until the endpoint answers with 2xx. `webhook-id` identifies a repeat. The ' +
        'body has the same bytes as the change in the stream, the long poll and the timeline.',
    }),
    ApiResponse({
      status: 201,
      description: 'Registered. Only this reply shows the secret.',
      type: CreatedWebhookEndpointReply,
      headers: {
        Location: {
          description: 'The URL of the endpoint.',
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
        'Absent fields stay unchanged. An endpoint that has accepted nothing for 24 hours, or that answers 410, is disabled ' +
        'automatically; see `disabledReason`. While it is disabled, its changes are kept for 30 days, and are delivered ' +
        'in order once `enabled` is `true`. A new list of types applies to changes from now on.',
    }),
    endpointIdParameter,
    ApiResponse({ status: 200, description: 'The changed endpoint.', type: WebhookEndpointReply }),
    takesBody('64 KB', BAD_URL),
    noSuchEndpoint,
  );

export const RotateWebhookSecretApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'rotateWebhookSecret',
      summary: 'Create a new secret',
      description:
        'For 24 hours both secrets sign: the `webhook-signature` header has one signature for each. So your ' +
        'backend can switch at any time.',
    }),
    endpointIdParameter,
    ApiResponse({ status: 200, description: 'The new secret, shown only once.', type: NewWebhookSecretReply }),
    takesNoBody(),
    noSuchEndpoint,
  );

export const TestWebhookEndpointApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'testWebhookEndpoint',
      summary: 'Send a test to an endpoint',
      description:
        'Posts one message of type `webhook.test` now, signed as a change is, and replies with what the endpoint answered. It is ' +
        'not repeated. It also goes to a disabled endpoint, and to one that takes other types; and it changes nothing about the ' +
        'endpoint.',
    }),
    endpointIdParameter,
    ApiResponse({ status: 200, description: 'What the endpoint answered.', type: WebhookTestReply }),
    takesNoBody(),
    noSuchEndpoint,
  );

export const RemoveWebhookEndpointApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'removeWebhookEndpoint',
      summary: 'Remove an endpoint',
      description: 'Also removes its deliveries, including pending ones. To pause an endpoint, disable it instead.',
    }),
    endpointIdParameter,
    ApiResponse({ status: 204, description: 'Removed.' }),
    takesNoBody(),
    noSuchEndpoint,
  );
