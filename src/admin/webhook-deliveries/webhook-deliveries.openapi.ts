/** What Swagger says of deliveries to webhook endpoints. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { MOST_EXAMINED } from '../../common/page.js';
import { pageParameter, problem, takesBody } from '../../http/problem-response.js';
import { RedeliveryReply, WebhookDeliveryPage } from './webhook-delivery.dto.js';
import { endpointIdParameter, noSuchEndpoint } from '../webhook-endpoints/webhook-endpoints.openapi.js';

export const ListWebhookDeliveriesApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listWebhookDeliveries',
      summary: 'What an endpoint was told, and whether it heard',
      description:
        'Every delivery with every attempt at it, for 30 days; the latest call first, and of a call the latest change. A ' +
        'delivery that fails is tried again after 3 s, 7 s, 20 s, 55 s and so on up to 6 hours; the later changes of ' +
        `the same call wait for it, other calls do not. With \`state\`, a page examines ${MOST_EXAMINED} deliveries at most; ` +
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
        'One change of a call, or all of them in their order: delivered, failed or pending, whose next attempt is then ' +
        'made at once. `webhook-id` stays what it was. To a disabled endpoint they go once it is enabled.',
    }),
    endpointIdParameter,
    ApiResponse({ status: 202, description: 'They are pending.', type: RedeliveryReply }),
    takesBody('64 KB', { where: '/callSid', what: 'must be a callSid: 32 decimal digits' }),
    problem('NOT_FOUND', 'There is no such endpoint, or it was never told of this change or call.'),
  );
