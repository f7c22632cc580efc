import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance, onRequestHookHandler, onSendHookHandler } from 'fastify';
import { isForAdmins, type Access } from '../auth/access.js';
import { VERSION } from '../common/version.js';
import { TAGS } from './api-tags.js';

const ABOUT = `Ringback connects two people by telephone. A provider rings the caller, then the other party, and connects
the two. Ringback keeps the record of the call.

**App** is the contract of 2016. Its outcomes have HTTP status 200 and a \`returnCode\` in the body, 200 for success. Errors
outside the contract (an invalid token, an unknown method, too many requests) use their HTTP status in the
same envelope. The paths below \`/v1/admin\` are plain REST with RFC 9457 problem bodies. Each names the scope that it requires; \`admin\`
is enough for all of them. Without \`admin\` or \`admin:numbers\`, phone numbers are masked.

Every path may also answer 400 or 413 to a malformed or oversized request head, 408 to a request that does not arrive in
time, 501 to a method that HTTP does not define, and 503 with Retry-After while the process stops.

To try it here, create a token with \`npm run -s token -- 1001\`, or with \`--admin\`. Press **Authorize** and paste it
into the box *bearer*. The box *access_token* is for **App** alone; a request with both is refused (RFC 6750). Then open an operation, press **Try it out**
and **Execute**. The document for programs is [openapi.json](./openapi.json).`;

/** Swagger UI at /docs, with its assets; the document at /docs/openapi.json. */
export const serveApiDocument = (app: NestFastifyApplication, webhooks: OpenAPIObject['webhooks']): void => {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Ringback')
    .setDescription(ABOUT)
    .setVersion(VERSION)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    // Relative to this document, for a proxy that serves Ringback under a path prefix.
    .addServer('..', 'This service')
    .addApiKey(
      {
        type: 'apiKey',
        in: 'query',
        name: 'access_token',
        description: 'The token in the query, as in the contract of 2016. An API key is refused here.',
      },
      'access_token',
    )
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description:
        'The token or API key (`rbk_…`) in the Authorization header. Swagger UI adds the word Bearer. `/v1/app` takes no API key.',
    });
  for (const [name, text] of Object.entries(TAGS)) builder.addTag(name, text);
  const description = builder.build();
  const server: FastifyInstance = app.getHttpAdapter().getInstance();
  const access = collectAccess(server);
  // Created at the first request, because a start does not need it.
  let made: OpenAPIObject | undefined;
  const document = (): OpenAPIObject => (made ??= { ...makeDocument(app, description, access), webhooks });
  guardPage(server);
  serveDocument(server, document);
  SwaggerModule.setup('docs', app, document, {
    raw: false,
    customSiteTitle: 'Ringback API',
    customCss: PAGE_STYLE,
    swaggerOptions: {
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      plugins: [withoutTryingWebhooks, withoutKeptTokens],
    },
  });
};

/** The access rule of each route that is registered from now on, by method and path. */
const collectAccess = (server: FastifyInstance): ReadonlyMap<string, Access> => {
  const found = new Map<string, Access>();
  server.addHook('onRoute', ({ method, url, config }) => {
    if (config?.access) for (const one of [method].flat()) found.set(`${one} ${url}`, config.access);
  });
  return found;
};

const makeDocument = (
  app: NestFastifyApplication,
  description: Omit<OpenAPIObject, 'paths'>,
  access: ReadonlyMap<string, Access>,
): OpenAPIObject => {
  const document = SwaggerModule.createDocument(app, description, {
    deepScanRoutes: true,
    // Otherwise each operation has a second tag with its controller's name.
    autoTagControllers: false,
  });
  leaveOptionalParametersEmpty(document);
  nameScopes(document, access);
  return document;
};

const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;

/** What an operation of the admin API requires, in its description and its 403. */
const nameScopes = ({ paths }: OpenAPIObject, access: ReadonlyMap<string, Access>): void => {
  for (const [path, item] of Object.entries(paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      const scope = access.get(`${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`);
      if (!operation || !isForAdmins(scope)) continue;
      operation.description = [operation.description, `Scope: \`${String(scope)}\`.`].filter(Boolean).join('\n\n');
      const refusal = operation.responses['403'];
      if (!refusal || '$ref' in refusal) continue;
      const text = refusal.description.replace('the scope `admin`', `the scope \`${String(scope)}\``);
      // The operations of a controller share the response itself.
      operation.responses['403'] = { ...refusal, description: text };
    }
  }
};

/** One buffer for all clients: Swagger's own route renders 120 KB per request, and each slow client keeps a copy. */
const serveDocument = (server: FastifyInstance, document: () => OpenAPIObject): void => {
  let bytes: Buffer | undefined;
  server.get('/docs/openapi.json', (_request, reply) => {
    bytes ??= Buffer.from(JSON.stringify(document()));
    return reply.type('application/json; charset=utf-8').send(bytes);
  });
};

/**
 * Swagger UI fills an `example` into the form, so a search would start with filters. It neither fills in nor shows
 * `examples`.
 */
const leaveOptionalParametersEmpty = ({ paths }: OpenAPIObject): void => {
  const operations = Object.values(paths).flatMap((item) => [item.get, item.put, item.post, item.patch, item.delete]);
  for (const parameter of operations.flatMap((operation) => operation?.parameters ?? [])) {
    if ('$ref' in parameter || parameter.required || !parameter.schema || '$ref' in parameter.schema) continue;
    const { example, ...schema } = parameter.schema as { example?: string | number | string[] };
    if (example === undefined) continue;
    parameter.schema = { ...schema, examples: [example] };
    if (parameter.description) parameter.description += ` Such as ${textOf(example)}.`;
  }
};

const textOf = (example: string | number | string[]): string =>
  [example]
    .flat()
    .map((one) => `\`${one}\``)
    .join(' or ');

/** Hides the links column, which is always empty, and widens the boxes, because a callSid is longer. */
const PAGE_STYLE =
  '.swagger-ui .response-col_links { display: none } ' +
  '.swagger-ui .parameters-col_description input[type=text] { max-width: 100%; width: 30em }';

/** The browser's localStorage. */
declare const localStorage: { removeItem(name: string): void };

/**
 * Swagger UI gets the source of this function. An earlier version stored the tokens of the Authorize box under this
 * name.
 */
const withoutKeptTokens = {
  afterLoad: () => {
    localStorage.removeItem('authorized');
  },
};

/**
 * Swagger UI gets the source of this function. A provider's signature cannot be typed in, so webhooks have no "Try it
 * out".
 */
const withoutTryingWebhooks = {
  statePlugins: {
    spec: {
      wrapSelectors: {
        allowTryItOutFor: () => (_state: unknown, path: string) => !path.startsWith('/v1/webhooks/'),
      },
    },
  },
};

/** People type tokens into this page. So only our scripts run on it, and no other site can frame it. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    // Swagger UI's HTML has a style sheet, and React sets style attributes.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};

/** This file contains the document too. A string would be copied for each slow client. */
const inOneBuffer = (): onSendHookHandler => {
  let bytes: Buffer | undefined;
  return (_request, { statusCode }, payload, done) => {
    // Errors pass this hook as well; they are neither cached nor replaced.
    if (statusCode !== 200 || typeof payload !== 'string') done(null, payload);
    else done(null, (bytes ??= Buffer.from(payload)));
  };
};

/** Matched against the route, because the raw URL has other spellings: `/%64ocs`, `http://host/docs`. */
const guardPage = (server: FastifyInstance): void => {
  server.addHook('onRoute', (route) => {
    if (!/^\/docs(?:\/|$)/.test(route.url)) return;
    const guard: onRequestHookHandler = (request, reply, done) => {
      void reply.headers(PAGE_HEADERS);
      // On these URLs the page would resolve its assets in the wrong folder (see @nestjs/swagger).
      if (route.url === '/docs') {
        // The page resolves the service's address relative to its own.
        void reply.redirect('./docs/');
      } else if (route.url === '/docs/index.html' || (route.url === '/docs/' && request.url.includes('?'))) {
        void reply.redirect('./');
      } else done();
    };
    route.onRequest = [route.onRequest ?? []].flat().concat(guard);
    if (route.url === '/docs/swagger-ui-init.js') route.onSend = inOneBuffer();
  });
};
