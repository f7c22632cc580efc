import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

const ABOUT = `Ringback connects two people by telephone: it has a provider ring the caller, then the other party, joins
the two, and keeps the record of the call.

**App** is the contract of 2016. Its outcomes are HTTP 200 with a \`returnCode\` in the body, 200 for success; what the
contract does not know (a token that is not valid, a method that does not exist, too many requests) uses its HTTP status
in the same envelope. **Admin** is plain REST with RFC 9457 problem bodies and wants the scope \`admin\`.

To try it here: make a token with \`npm run -s token -- 1001\`, or with \`--admin\`, press **Authorize**, and paste it
into *one* of the two boxes. Both at once are refused, as RFC 6750 has it.`;

/** Swagger UI at /docs, its assets served from here; the document at /docs/openapi.json. */
export const serveApiDocument = (app: NestFastifyApplication): void => {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Ringback')
    .setDescription(ABOUT)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This service')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The token in a header.' })
    .addApiKey(
      { type: 'apiKey', in: 'query', name: 'access_token', description: 'The token in the query.' },
      'access_token',
    )
    .addTag('App', 'What the app’s clients call: place, cancel and watch a call.')
    .addTag('Admin', 'Upkeep of the directory, and what became of calls.')
    .addTag('Webhooks', 'Where providers tell of calls.')
    .addTag('Health', 'For orchestrators.')
    .build();
  const document = SwaggerModule.createDocument(app, description, { deepScanRoutes: true });
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'docs/openapi.json',
    raw: ['json'],
    customSiteTitle: 'Ringback API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true },
  });
};
