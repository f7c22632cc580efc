import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance, onRequestHookHandler, onSendHookHandler } from 'fastify';
import { VERSION } from '../common/version.js';

const ABOUT = `Ringback connects two people by telephone: it has a provider ring the caller, then the other party, joins
the two, and keeps the record of the call.

**App** is the contract of 2016. Its outcomes are HTTP 200 with a \`returnCode\` in the body, 200 for success; what the
contract does not know (a token that is not valid, a method that does not exist, too many requests) uses its HTTP status
in the same envelope. **Admin** is plain REST with RFC 9457 problem bodies and wants the scope \`admin\`.

Every path may also answer what no operation is asked for: 400 and 413 to a head that is not sound HTTP, 408 to a request
that does not arrive in time, 501 to a method that HTTP does not know, 503 with Retry-After while the process stops.

To try it here: make a token with \`npm run -s token -- 1001\`, or with \`--admin\`, press **Authorize**, and paste it
into *one* of the two boxes. Both at once are refused, as RFC 6750 has it. Then open an operation, press **Try it out**
and **Execute**. This document for programs: [openapi.json](./openapi.json).`;

/** Swagger UI at /docs, its assets served from here; the document at /docs/openapi.json. */
export const serveApiDocument = (app: NestFastifyApplication): void => {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Ringback')
    .setDescription(ABOUT)
    .setVersion(VERSION)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    // Relative to this document, for a proxy that serves Ringback under a path of its own.
    .addServer('..', 'This service')
    .addApiKey(
      {
        type: 'apiKey',
        in: 'query',
        name: 'access_token',
        description: 'The token in the query, as the contract of 2016 has it.',
      },
      'access_token',
    )
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'The token in the Authorization header; the word Bearer is put before it.',
    })
    .addTag('App', 'What the app’s clients call: place, cancel and watch a call.')
    .addTag('Admin', 'Upkeep of the directory, what became of calls, and whom we tell.')
    .addTag('Webhooks', 'Where providers tell of calls.')
    .addTag('Health', 'For orchestrators.')
    .build();
  // Made when it is first asked for: a start does without it.
  let made: OpenAPIObject | undefined;
  const document = (): OpenAPIObject => (made ??= makeDocument(app, description));
  const server: FastifyInstance = app.getHttpAdapter().getInstance();
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

const makeDocument = (app: NestFastifyApplication, description: Omit<OpenAPIObject, 'paths'>): OpenAPIObject => {
  const document = SwaggerModule.createDocument(app, description, {
    deepScanRoutes: true,
    // A controller's name would stand as a second tag beside the one that its routes give themselves.
    autoTagControllers: false,
  });
  leaveOptionalParametersEmpty(document);
  return document;
};

/** One buffer for all: Swagger's own route renders 120 KB for each request, and each client that is slow to read keeps a copy. */
const serveDocument = (server: FastifyInstance, document: () => OpenAPIObject): void => {
  let bytes: Buffer | undefined;
  server.get('/docs/openapi.json', (_request, reply) => {
    bytes ??= Buffer.from(JSON.stringify(document()));
    return reply.type('application/json; charset=utf-8').send(bytes);
  });
};

/**
 * Swagger UI fills an `example` into the form, and a search would begin narrow. It leaves `examples` out, and does not
 * show them either.
 */
const leaveOptionalParametersEmpty = ({ paths }: OpenAPIObject): void => {
  const operations = Object.values(paths).flatMap((item) => [item.get, item.put, item.post, item.patch, item.delete]);
  for (const parameter of operations.flatMap((operation) => operation?.parameters ?? [])) {
    if ('$ref' in parameter || parameter.required || !parameter.schema || '$ref' in parameter.schema) continue;
    const { example, ...schema } = parameter.schema as { example?: string | number };
    if (example === undefined) continue;
    parameter.schema = { ...schema, examples: [example] };
    if (parameter.description) parameter.description += ` Such as \`${example}\`.`;
  }
};

/** No reply has links, and a callSid is longer than Swagger UI's boxes. */
const PAGE_STYLE =
  '.swagger-ui .response-col_links { display: none } ' +
  '.swagger-ui .parameters-col_description input[type=text] { max-width: 100%; width: 30em }';

/** The browser's. */
declare const localStorage: { removeItem(name: string): void };

/** For Swagger UI, which is sent its source: an earlier version kept the tokens of the Authorize box, under this name. */
const withoutKeptTokens = {
  afterLoad: () => {
    localStorage.removeItem('authorized');
  },
};

/** For Swagger UI, which is sent its source: nobody can type a provider's signature. */
const withoutTryingWebhooks = {
  statePlugins: {
    spec: {
      wrapSelectors: {
        allowTryItOutFor: () => (_state: unknown, path: string) => !path.startsWith('/v1/webhooks/'),
      },
    },
  },
};

/** People type tokens into this page: nothing but ours runs on it, and it stands in nobody's frame. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    // Swagger UI's HTML brings a style sheet along, and React sets style attributes.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};

/** This file holds the document too. A text would be copied for each client that is slow to read it. */
const inOneBuffer = (): onSendHookHandler => {
  let bytes: Buffer | undefined;
  return (_request, { statusCode }, payload, done) => {
    // A refusal goes the same way, and is neither kept nor replaced.
    if (statusCode !== 200 || typeof payload !== 'string') done(null, payload);
    else done(null, (bytes ??= Buffer.from(payload)));
  };
};

/** By the route that was matched: its raw address may be written in other ways, `/%64ocs` or `http://host/docs`. */
const guardPage = (server: FastifyInstance): void => {
  server.addHook('onRoute', (route) => {
    if (!/^\/docs(?:\/|$)/.test(route.url)) return;
    const guard: onRequestHookHandler = (request, reply, done) => {
      void reply.headers(PAGE_HEADERS);
      // There the page looks for its assets in a folder too deep, says @nestjs/swagger's way of finding them.
      if (route.url === '/docs') {
        // The page resolves the address of the service relative to its own.
        void reply.redirect('./docs/');
      } else if (route.url === '/docs/index.html' || (route.url === '/docs/' && request.url.includes('?'))) {
        void reply.redirect('./');
      } else done();
    };
    route.onRequest = [route.onRequest ?? []].flat().concat(guard);
    if (route.url === '/docs/swagger-ui-init.js') route.onSend = inOneBuffer();
  });
};
