import type { OpenAPIObject } from '@nestjs/swagger';
import { changeBody } from '../call/event-stream.openapi.js';
import { TEST_EVENT } from './endpoint-test.js';
import { FREEZE_EVENT } from './webhook-endpoint.entity.js';

const header = (name: string, description: string, example: string) =>
  ({ name, in: 'header', required: true, description, schema: { type: 'string' }, example }) as const;

/** Of Standard Webhooks. @param id an example */
const headers = (id: string) => [
  header('webhook-id', 'The same for every attempt to deliver a message.', id),
  header('webhook-timestamp', 'When the attempt began, in seconds since 1970.', '1795593602'),
  header(
    'webhook-signature',
    'One or two signatures, separated by a space.',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ),
];

const ACCEPTED = {
  '2XX': {
    description: 'Accepted. Any other answer, or none within 15 seconds, is followed by another attempt.',
  },
} as const;

interface Property {
  readonly type: string | string[];
  readonly description?: string;
  readonly enum?: string[];
  readonly example: string;
}

/** The body of a message that is no change of a call. */
const message = (type: string, when: string, properties: Record<string, Property>) => ({
  required: true,
  content: {
    'application/json': {
      example: {
        type,
        timestamp: '2026-11-24T10:16:09.254Z',
        data: Object.fromEntries(Object.entries(properties).map(([name, { example }]) => [name, example])),
      },
      schema: {
        type: 'object',
        required: ['type', 'timestamp', 'data'],
        properties: {
          type: { type: 'string', enum: [type] },
          timestamp: { type: 'string', format: 'date-time', description: when },
          data: { type: 'object', required: Object.keys(properties), properties },
        },
      },
    },
  },
});

/** What a backend receives, as `webhooks` of OpenAPI 3.1: a generated type for its handler. */
export const OUTGOING_WEBHOOKS: NonNullable<OpenAPIObject['webhooks']> = {
  callChange: {
    post: {
      operationId: 'onCallChange',
      tags: ['Webhooks'],
      summary: 'Ringback posts every change of every call to your endpoint',
      description:
        'Signed as in [Standard Webhooks](https://www.standardwebhooks.com). The changes of a call arrive in the order of their ' +
        'numbers, at least once.',
      security: [],
      parameters: headers('16090510160925480001030600243044-2'),
      requestBody: {
        required: true,
        content: { 'application/json': changeBody() },
      },
      responses: {
        ...ACCEPTED,
        '410': { description: 'The endpoint is disabled.' },
      },
    },
  },
  protectionFrozen: {
    post: {
      operationId: 'onProtectionFrozen',
      tags: ['Webhooks'],
      summary: 'Ringback posts every freeze to your endpoint',
      description:
        'Signed as a change is. To endpoints that take all types, or name `protection.frozen`. It is posted up to 12 times.',
      security: [],
      parameters: headers('freeze-1'),
      requestBody: message(FREEZE_EVENT, 'When it was frozen.', {
        freezeId: { type: 'string', description: 'For `DELETE /v1/admin/freezes/{freezeId}`.', example: '1' },
        kind: { type: 'string', enum: ['all', 'user', 'sub_account', 'country'], example: 'user' },
        subject: { type: 'string', description: 'As in `POST /v1/admin/freezes`.', example: '1001' },
        reason: { type: ['string', 'null'], example: '101 calls were refused within 3600 s.' },
        frozenBy: { type: 'string', example: 'rule refusals' },
      }),
      responses: ACCEPTED,
    },
  },
  webhookTest: {
    post: {
      operationId: 'onWebhookTest',
      tags: ['Webhooks'],
      summary: 'An administrator tests your endpoint',
      description: 'Signed as a change is. It is posted once, whatever types the endpoint takes.',
      security: [],
      parameters: headers('test-7d3f1c52-6b0e-4f0a-9c1d-2f6f0a5b8e11'),
      requestBody: message(TEST_EVENT, 'When it was sent.', { endpointId: { type: 'string', example: '1' } }),
      responses: { '2XX': { description: 'The administrator sees any answer. It is not repeated.' } },
    },
  },
};
