import type { OpenAPIObject } from '@nestjs/swagger';

const header = (name: string, description: string, example: string) =>
  ({ name, in: 'header', required: true, description, schema: { type: 'string' }, example }) as const;

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
      parameters: [
        header('webhook-id', 'The same for every delivery of a change.', '16090510160925480001030600243044-2'),
        header('webhook-timestamp', 'When the attempt began, in seconds since 1970.', '1795593602'),
        header(
          'webhook-signature',
          'One or two signatures, separated by a space.',
          'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
        ),
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/ChangeReply' } } },
      },
      responses: {
        '2XX': {
          description: 'Accepted. Any other answer, or none within 15 seconds, is followed by another attempt.',
        },
        '410': { description: 'The endpoint is disabled.' },
      },
    },
  },
};
