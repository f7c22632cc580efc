/** Swagger documentation of deliveries to webhook endpoints. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { MAX_EXAMINED } from '../../common/page.js';
import { pageParameter, problem, takesBody } from '../../http/problem-response.js';
import { RedeliveryReply, WebhookDeliveryPage } from './webhook-delivery.dto.js';
import { endpointIdParameter, noSuchEndpoint } from '../webhook-endpoints/webhook-endpoints.openapi.js';

export const ListWebhookDeliveriesApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listWebhookDeliveries',
      summary: 'The deliveries to an endpoint, with their attempts',
      description:
        'All deliveries of 30 days with all attempts. The latest call comes first, and within a call the latest change. A ' +
        'failed delivery is retried after 3 s, 7 s, 20 s, 55 s and so on, up to 6 hours. Later changes of ' +
        `the same call wait for it; other calls do not. With \`state\`, a page examines at most ${MAX_EXAMINED} deliveries, ` +
        'so it may have fewer items than `limit`, even none. The list ends where `next` is `null`.',
    }),
    endpointIdParameter,
    pageParameter('16090510160925480001030600243044-2'),
    ApiResponse({ status: 200, description: 'One page.', type: WebhookDeliveryPage }),
    problem('BAD_REQUEST', 'A parameter is wrong or unknown.', {
      errors: [{ where: '/state', what: 'must be one of pending, delivered, failed' }],
    }),
    noSuchEndpoint,
  );

export const RedeliverApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'redeliver',
      summary: 'Deliver again',
      description:
        'Delivers one change of a call again, or all in order, whatever their state. The next attempt is ' +
        'made immediately. `webhook-id` stays the same. A disabled endpoint gets them once it is enabled.',
    }),
    endpointIdParameter,
    ApiResponse({ status: 202, description: 'The deliveries are pending.', type: RedeliveryReply }),
    takesBody('64 KB', { where: '/callSid', what: 'must be a callSid: 32 decimal digits' }),
    problem('NOT_FOUND', 'There is no such endpoint, or it has no delivery of this change or call.'),
  );
