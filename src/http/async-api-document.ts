/**
 * AsyncAPI 3: what Ringback sends on its own, the event streams and the webhooks. It is derived from the OpenAPI document,
 * so the two cannot differ: each operation that answers with an event stream is a channel, and each of `webhooks` is a
 * message of one more channel.
 */
import type { OpenAPIObject } from '@nestjs/swagger';
import { examplesIn, jsonSchema, objectOf, schemasFor, type Parameter } from './async-api-schemas.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Response = Exclude<NonNullable<Operation['responses'][string]>, { $ref: string }>;
type Media = NonNullable<Response['content']>[string];
type SecurityScheme = Exclude<
  NonNullable<NonNullable<OpenAPIObject['components']>['securitySchemes']>[string],
  { $ref: string }
>;

interface Stream {
  readonly id: string;
  readonly path: string;
  readonly operation: Operation;
  readonly response: Response;
  readonly media: Media;
}

interface Webhook {
  readonly id: string;
  readonly operation: Operation;
  readonly media: Media;
}

const ABOUT = `What Ringback sends on its own: server-sent events to each client that follows a call, and webhooks to the endpoints
that an administrator has registered. The schemas are those of [openapi.json](./openapi.json), which has the requests and
their errors.`;

const SERVERS = {
  ringback: {
    host: '{host}',
    protocol: 'http',
    description: 'This service, or its reverse proxy. A client opens a stream by a request.',
    variables: { host: { default: 'localhost:3000' } },
  },
  endpoint: {
    host: '{host}',
    pathname: '/{path}',
    protocol: 'https',
    description: 'Your backend, by the URL of `POST /v1/admin/webhook-endpoints`.',
    variables: { host: { default: 'backend.test' }, path: { default: 'ringback' } },
  },
};

const STREAM = 'text/event-stream';
const CONTENT_TYPE = 'application/json';
const BINDING = { bindingVersion: '0.3.0' };

export const asyncApiOf = ({ info, tags = [], paths, webhooks = {}, components = {} }: OpenAPIObject): object => {
  const streams = streamsIn(paths);
  const posts = webhooksIn(webhooks);
  const sent = [...streams, ...posts].map(({ operation }) => operation);
  const usedTags = sent.flatMap((operation) => operation.tags ?? []);
  const usedSchemes = sent.flatMap(schemesOf);
  const channels: Readonly<Record<string, object>> = {
    ...Object.fromEntries(streams.map(streamChannel)),
    webhooks: webhookChannel(posts),
  };
  return {
    asyncapi: '3.0.0',
    info: { ...info, description: ABOUT, tags: tags.filter(({ name }) => usedTags.includes(name)) },
    defaultContentType: CONTENT_TYPE,
    servers: SERVERS,
    channels,
    operations: {
      ...Object.fromEntries(streams.map(streamOperation)),
      ...Object.fromEntries(posts.map(webhookOperation)),
    },
    components: {
      schemas: schemasFor(channels, components.schemas ?? {}),
      securitySchemes: Object.fromEntries(
        Object.entries(components.securitySchemes ?? {}).flatMap(([name, scheme]) =>
          '$ref' in scheme || !usedSchemes.includes(name) ? [] : [[name, securityScheme(scheme)]],
        ),
      ),
    },
  };
};

const streamsIn = (paths: OpenAPIObject['paths']): Stream[] =>
  Object.entries(paths).flatMap(([path, { get: operation }]) => {
    const response = operation?.responses['200'];
    if (!operation?.operationId || !response || '$ref' in response) return [];
    const media = response.content?.[STREAM];
    return media ? [{ id: operation.operationId, path, operation, response, media }] : [];
  });

const webhooksIn = (webhooks: NonNullable<OpenAPIObject['webhooks']>): Webhook[] =>
  Object.entries(webhooks).flatMap(([id, { post: operation }]) => {
    if (!operation?.requestBody || '$ref' in operation.requestBody) return [];
    const media = operation.requestBody.content[CONTENT_TYPE];
    return media ? [{ id, operation, media }] : [];
  });

const streamChannel = ({ id, path, operation, response, media }: Stream) => {
  const parameters = parametersOf(operation, 'path').map((parameter) => [
    parameter.name,
    { description: parameter.description, examples: examplesIn(parameter).map(String) },
  ]);
  const eventId = {
    type: 'string',
    description: 'The field `id` of the event. In the request, `Last-Event-ID` resumes after it.',
    examples: parametersOf(operation, 'header').flatMap(examplesIn),
  };
  const channel = {
    address: path,
    title: operation.summary,
    servers: [{ $ref: '#/servers/ringback' }],
    parameters: Object.fromEntries(parameters) as object,
    messages: {
      event: {
        name: 'event',
        title: 'A server-sent event',
        description: response.description,
        headers: { type: 'object', required: ['id'], properties: { id: eventId } },
        ...messageOf(media),
      },
    },
  };
  return [id, channel] as const;
};

const streamOperation = ({ id, operation, response }: Stream) => {
  // Where an operation answers with JSON too, its query asks for that.
  const isStreamAlone = !response.content?.[CONTENT_TYPE];
  const query = isStreamAlone ? parametersOf(operation, 'query') : [];
  const headers = parametersOf(operation, 'header').map(
    ({ name, description }) => `- \`${name}\`: ${description ?? ''}`,
  );
  const endings = meaningsOf(operation, (status) => status.startsWith('2') && status !== '200');
  return [
    id,
    {
      ...operationOf(operation, [...headers, ...endings]),
      channel: { $ref: `#/channels/${id}` },
      messages: [{ $ref: `#/channels/${id}/messages/event` }],
      bindings: { http: { method: 'GET', ...(query.length > 0 && { query: objectOf(query) }), ...BINDING } },
    },
  ] as const;
};

const webhookChannel = (posts: readonly Webhook[]) => ({
  address: null,
  title: 'Webhooks',
  description: 'Each endpoint has its own address. The requests are signed as in Standard Webhooks.',
  servers: [{ $ref: '#/servers/endpoint' }],
  messages: Object.fromEntries(
    posts.map(({ id, operation, media }) => {
      const headers = parametersOf(operation, 'header');
      const shown = Object.fromEntries(headers.map(({ name, example }) => [name, example as string]));
      const title = operation.summary;
      return [id, { name: id, title, headers: objectOf(headers), ...messageOf(media, shown) }];
    }),
  ),
});

const webhookOperation = ({ id, operation }: Webhook) =>
  [
    id,
    {
      ...operationOf(
        operation,
        meaningsOf(operation, () => true),
      ),
      channel: { $ref: '#/channels/webhooks' },
      messages: [{ $ref: `#/channels/webhooks/messages/${id}` }],
      bindings: { http: { method: 'POST', ...BINDING } },
    },
  ] as const;

/** @param remarks lines of a list below the description */
const operationOf = (operation: Operation, remarks: readonly string[]) => {
  const security = schemesOf(operation).map((name) => ({ $ref: `#/components/securitySchemes/${name}` }));
  return {
    action: 'send',
    summary: operation.summary,
    description: [operation.description, remarks.join('\n')].filter(Boolean).join('\n\n'),
    tags: operation.tags?.map((name) => ({ name })),
    ...(security.length > 0 && { security }),
  };
};

const meaningsOf = ({ responses }: Operation, isTold: (status: string) => boolean): string[] =>
  Object.entries(responses).flatMap(([status, response]) =>
    response && !('$ref' in response) && isTold(status) ? [`- \`${status}\`: ${response.description}`] : [],
  );

/** @param headers an example of each, of the first message that is shown */
const messageOf = ({ schema, example, examples }: Media, headers?: Record<string, string>) => {
  const shown = examples ?? { example: { value: example as unknown } };
  return {
    contentType: CONTENT_TYPE,
    payload: jsonSchema(schema ?? {}),
    examples: Object.entries(shown).flatMap(([name, given], i) => {
      if ('$ref' in given) return [];
      const { summary, value } = given as { summary?: string; value: object };
      return [
        { name, ...(summary !== undefined && { summary }), ...(i === 0 && headers && { headers }), payload: value },
      ];
    }),
  };
};

const parametersOf = ({ parameters = [] }: Operation, place: 'path' | 'query' | 'header'): Parameter[] =>
  parameters.flatMap((parameter) => ('$ref' in parameter || parameter.in !== place ? [] : [parameter]));

const schemesOf = ({ security = [] }: Operation): string[] => security.flatMap(Object.keys);

/** AsyncAPI calls a key in the query or in a header of HTTP `httpApiKey`. */
const securityScheme = ({ type, ...scheme }: SecurityScheme) => ({
  type: type === 'apiKey' ? 'httpApiKey' : type,
  ...scheme,
});
