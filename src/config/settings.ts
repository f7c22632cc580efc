/**
 * All environment variables that Ringback reads: name, meaning, default and parser. The table in docs/configuration.md
 * is tested against this list.
 */
import { addressRanges, origins, proxy, proxyExceptions, trustedProxies } from './address-values.js';
import { databaseUrl } from './database-url.js';
import { readKeyRing } from './key-ring.js';
import { PROVIDER_SETTINGS } from './provider-settings.js';
import { secret, setting } from './setting.js';
import {
  callRates,
  freezeRules,
  countries,
  baseUrl,
  headers,
  hmacKeys,
  list,
  nonEmpty,
  numberBetween,
  numberPrefix,
  oneOf,
  optional,
  portOrOff,
  region,
  requestRates,
  routes,
  text,
  timesOfDay,
  url,
  wholeNumber,
  boolean,
  cell,
  claimName,
  openIdScope,
  limit,
} from './setting-values.js';

export const SETTINGS = {
  host: setting('HOST', '0.0.0.0', 'Address to listen on.', nonEmpty),
  port: setting('PORT', '3000', 'TCP port to listen on; 0 takes a free one.', wholeNumber(0, 65_535)),
  adminPort: setting(
    'ADMIN_PORT',
    '',
    'Separate TCP port for the admin API, the desk and Swagger UI, which PORT then hides; 0 takes a free one. Unset: all are ' +
      'on PORT.',
    optional(wholeNumber(0, 65_535)),
  ),
  metricsPort: setting(
    'METRICS_PORT',
    '',
    'TCP port of `/metrics` for Prometheus, without authentication; 0 takes a free one, off serves none. Unset: 9464, ' +
      'if it is free.',
    optional(portOrOff),
  ),
  apiDocs: setting('API_DOCS', 'true', 'false hides Swagger UI, openapi.json and asyncapi.json.', boolean),
  desk: setting('DESK', 'true', 'false turns off the desk, the page for administrators at /desk.', boolean),
  drainSeconds: setting(
    'DRAIN_SECONDS',
    '5',
    'Seconds after SIGTERM in which requests are still served while readiness returns 503, so that load balancers ' +
      'stop sending.',
    numberBetween(0, 300),
  ),
  databaseUrl: secret(
    'DATABASE_URL',
    '',
    'PostgreSQL 15 or later, as postgresql://user:password@host/database. Unset: an embedded PostgreSQL in DATA_DIR.',
    optional(databaseUrl),
  ),
  databaseDirectUrl: secret(
    'DATABASE_DIRECT_URL',
    '',
    'URL of the same database that bypasses a pooler with shared sessions: for the change feed, the job queue and ' +
      'migrations. Unset: DATABASE_URL.',
    optional(databaseUrl),
  ),
  databasePoolSize: setting(
    'DATABASE_POOL_SIZE',
    '10',
    'Maximum number of database connections of this process for requests.',
    wholeNumber(1, 1_000),
  ),
  dataDir: setting('DATA_DIR', './data', 'Folder of the embedded default’s database and secrets.', nonEmpty),
  jwtSecrets: secret(
    'JWT_SECRET',
    '',
    'HS256 keys for access tokens, at least 32 bytes each, comma-separated: each of them verifies, and `npm run token` signs with the first. Unset on the embedded default: a random one in DATA_DIR.',
    optional(hmacKeys),
  ),
  jwtJwksUri: setting(
    'JWT_JWKS_URI',
    '',
    'URL of your identity provider’s public keys (RS, PS, ES, EdDSA); instead of JWT_SECRET, and only with ' +
      'JWT_AUDIENCE. A revoked key is accepted for at most one minute.',
    optional(url('https:', 'http:')),
  ),
  jwtIssuer: setting('JWT_ISSUER', '', 'When set, the `iss` that a token must carry.', optional(text)),
  jwtAudience: setting(
    'JWT_AUDIENCE',
    '',
    'When set, the `aud` that a token must carry. Required with JWT_JWKS_URI, whose tokens may be meant for other services.',
    optional(text),
  ),
  jwtUserClaim: setting(
    'JWT_USER_CLAIM',
    'sub',
    'The claim of a token that names its user: by the user’s id, or by the externalId that PUT /v1/admin/users has stored.',
    claimName,
  ),
  jwtLeewaySeconds: setting(
    'JWT_LEEWAY',
    '5',
    'Seconds by which clocks may differ: a token’s `nbf` may be that far ahead of ours, and its `exp` that far behind.',
    wholeNumber(0, 300),
  ),
  oidcIssuer: setting(
    'OIDC_ISSUER',
    '',
    'URL of your identity provider (OpenID Connect), for signing in to the desk; only with OIDC_CLIENT_ID and JWT_JWKS_URI. Its ' +
      'access tokens must be such as the admin API accepts.',
    optional(url('https:', 'http:')),
  ),
  oidcClientId: setting('OIDC_CLIENT_ID', '', 'The client that the desk is at the identity provider.', optional(text)),
  oidcClientSecret: secret(
    'OIDC_CLIENT_SECRET',
    '',
    'The secret of that client. Unset: a public client, which proves itself by PKCE alone.',
    optional(text),
  ),
  oidcScope: setting(
    'OIDC_SCOPE',
    'openid admin',
    'The scopes that the desk asks the identity provider for, separated by spaces; `openid` among them.',
    openIdScope,
  ),
  subAccountKeys: secret(
    'SUB_ACCOUNT_KEYS',
    '',
    'Keys for sub-accounts’ secrets in the database, as name:base64 of 32 bytes, comma-separated; the first ' +
      'encrypts, all decrypt. Unset on the embedded default: a random one in DATA_DIR.',
    optional(readKeyRing),
  ),
  phoneRegion: setting('PHONE_REGION', 'CN', 'Country of phone numbers written without a country code.', region),
  allowedCountries: setting(
    'ALLOWED_COUNTRIES',
    '',
    'Countries whose numbers may be called and may call, as CN,HK or * for all; premium, shared-cost, personal and ' +
      'satellite numbers are refused even so. Unset: PHONE_REGION alone.',
    optional(countries),
  ),
  allowedPrefixes: setting(
    'ALLOWED_PREFIXES',
    '',
    'Numbers that may be called whatever their country and type, by prefixes such as +85221,+881, comma-separated.',
    (value) => (value === '' ? [] : list(numberPrefix)(value)),
  ),
  refusedPrefixes: setting(
    'REFUSED_PREFIXES',
    '',
    'Numbers that may not be called, by prefixes. Where several prefixes match, the longest decides.',
    (value) => (value === '' ? [] : list(numberPrefix)(value)),
  ),
  callsPerCaller: setting(
    'CALLS_PER_CALLER',
    '6/1m,200/1d',
    'Calls that one caller may place: within a minute, within a day (s, m, h, d); or off.',
    callRates,
  ),
  calleesPerCaller: setting(
    'CALLEES_PER_CALLER',
    '50/1d',
    'Different numbers that one caller may call: within an hour, within a day as 20/1h,50/1d; or off. Service lines do not count.',
    callRates,
  ),
  callsPerCallee: setting(
    'CALLS_PER_CALLEE',
    '3/5m,10/1d',
    'Calls that one number may get, whoever calls; or off. Service lines are exempt.',
    callRates,
  ),
  oneCallPerCallee: setting(
    'ONE_CALL_PER_CALLEE',
    'true',
    'true: a number that is in a call as the callee is not called by another caller. Service lines are exempt.',
    boolean,
  ),
  freezeRules: setting(
    'FREEZE_RULES',
    'new_countries=3/1d,rate=5x,refusals=100/1h,short_calls=30/1h',
    'When a user may place no more calls until an administrator lifts the freeze; or off.',
    freezeRules,
  ),
  quietHours: setting(
    'QUIET_HOURS',
    '',
    'Times of day at which no number is called, as 21:00-08:00, in every time zone that the number may be in. Service lines are exempt.',
    optional(timesOfDay),
  ),
  pollsPerUser: setting(
    'POLLS_PER_USER',
    '600/1m',
    'State requests that a user may send to one replica: polls, long polls and streams that are opened; on `/v1/calls`, that a ' +
      'backend may send for one call. Or off.',
    requestRates,
  ),
  cancelsPerUser: setting(
    'CANCELS_PER_USER',
    '60/1m',
    'Cancels that a user may send to one replica; on `/v1/calls`, that a backend may send for one call. Or off.',
    requestRates,
  ),
  failedTokensPerAddress: setting(
    'FAILED_TOKENS_PER_ADDRESS',
    '300/1m',
    'Requests with forged, malformed or unknown tokens and API keys that get 401 from one address, or an IPv6 /64; more get 429. ' +
      'Valid tokens always pass. Or off.',
    requestRates,
  ),
  serviceHotline: setting(
    'SERVICE_HOTLINE',
    '010-56469588',
    'The number that the reply to a caller without a phone names, to be dialled by hand.',
    nonEmpty,
  ),
  dialTimeoutSeconds: setting(
    'DIAL_TIMEOUT',
    '5',
    'Seconds within which a provider must reply to a dial; after that, the caller gets a response without it.',
    numberBetween(0.05, 60),
  ),
  longestRequestedSeconds: setting(
    'LONGEST_REQUESTED',
    '90',
    'Seconds that a call may stay in state 1: carriers stop ringing a phone after about a minute.',
    wholeNumber(1, 86_400),
  ),
  longestRingingSeconds: setting(
    'LONGEST_RINGING',
    '120',
    'Seconds that a call may stay in state 2: as above, and a few rings of voicemail or a hunt group.',
    wholeNumber(1, 86_400),
  ),
  longestTalkSeconds: setting(
    'LONGEST_TALK',
    '14400',
    'Seconds that a call may stay in state 3; a longer call is hung up, because it is probably a phone left off the ' +
      'hook.',
    wholeNumber(1, 864_000),
  ),
  ringCallerSeconds: setting(
    'RING_CALLER',
    '45',
    'Seconds that a provider lets the caller’s phone ring; less than LONGEST_REQUESTED.',
    wholeNumber(1, 600),
  ),
  ringCalleeSeconds: setting(
    'RING_CALLEE',
    '60',
    'Seconds that a provider lets the other party’s phone ring; less than LONGEST_RINGING.',
    wholeNumber(1, 600),
  ),
  confirmCallerSeconds: setting(
    'CONFIRM_CALLER',
    '',
    'Seconds in which the caller must press 1 before the other party is rung, so that a mailbox rings nobody. Not with 容联. ' +
      'With RING_CALLER it must fit into LONGEST_REQUESTED. Unset: the caller need not.',
    optional(wholeNumber(1, 60)),
  ),
  recordCalls: setting('RECORD_CALLS', 'false', 'true: the provider records every talk.', boolean),
  talkWarningSeconds: setting(
    'TALK_WARNING',
    '',
    'Seconds before the end of the longest talk at which both hear a warning, with Asterisk and 容联; less than LONGEST_TALK. Unset: none.',
    optional(wholeNumber(1, 3_600)),
  ),
  sweepEverySeconds: setting(
    'SWEEP_EVERY',
    '5',
    'Seconds between two searches for calls that are due for a check.',
    numberBetween(0.05, 3_600),
  ),
  streamsAtOnce: setting(
    'STREAMS_AT_ONCE',
    '10000',
    'Maximum number of open event streams and long polls of one process, at most 20 per user; more get 503 or 429.',
    wholeNumber(1, 1_000_000),
  ),
  routes: setting(
    'ROUTES',
    '',
    'Providers by the callee’s number: +86=yuntongxun/twilio,US=twilio,=asterisk, that is prefix or ' +
      'country=providers; an empty prefix matches every number. The first matching route is used; its second provider ' +
      'is the fallback for the first, and so on. Unset: all configured providers for every number, in the order of ' +
      'this table.',
    optional(routes),
  ),
  ...PROVIDER_SETTINGS,
  webhookAllowedRanges: setting(
    'WEBHOOK_ALLOWED_RANGES',
    '',
    'Address ranges, in addition to public ones, that outgoing webhooks may go to, also over http; comma-separated.',
    (value) => (value === '' ? [] : addressRanges(value)),
  ),
  auditDays: setting(
    'AUDIT_DAYS',
    '400',
    'Days for which the audit of the admin API is kept: who changed what, and who read whole phone numbers.',
    wholeNumber(1, 36_500),
  ),
  retentionDays: setting(
    'RETENTION_DAYS',
    '',
    'Days for which calls are kept, with their events and webhook deliveries. Whole months are dropped, once all of their ' +
      'calls are older and none is open. At least 7. Unset: for ever.',
    limit(wholeNumber(7, 36_500)),
  ),
  cell: setting(
    'CELL',
    '000',
    'Three digits in each callSid, after the time: one value for all replicas of a database. Give each database its own if ' +
      'several are to share the work.',
    cell,
  ),
  httpsProxy: secret(
    'HTTPS_PROXY',
    '',
    'Proxy for outgoing https and wss, as http://host:port or with user:password@: providers, JWT_JWKS_URI and webhooks.',
    optional(proxy),
  ),
  httpProxy: secret(
    'HTTP_PROXY',
    '',
    'Proxy for outgoing http and ws, also by CONNECT. Webhooks over http use none, because they only go to ' +
      'WEBHOOK_ALLOWED_RANGES.',
    optional(proxy),
  ),
  noProxy: setting(
    'NO_PROXY',
    '',
    'Hosts that are reached without a proxy, comma-separated: example.com (with its subdomains), 10.0.0.0/8, ' +
      'host:port, or * for all. Loopback always is.',
    proxyExceptions,
  ),
  logLevel: setting(
    'LOG_LEVEL',
    'info',
    'Minimum level that is logged: trace, debug, info, warn, error, fatal or silent. Successful state polls are ' +
      'logged at debug.',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
  ),
  otlpEndpoint: setting(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    '',
    'URL of an OpenTelemetry collector, such as http://collector:4318, that gets the traces of calls by OTLP over HTTP (JSON). Unset: no ' +
      'traces are made.',
    optional(baseUrl('https:', 'http:')),
  ),
  otlpHeaders: secret(
    'OTEL_EXPORTER_OTLP_HEADERS',
    '',
    'Headers for the collector, as name=value, percent-encoded and comma-separated.',
    optional(headers),
  ),
  otelServiceName: setting('OTEL_SERVICE_NAME', 'ringback', 'Name of this service in traces.', nonEmpty),
  tracesSampler: setting(
    'OTEL_TRACES_SAMPLER',
    'parentbased_always_on',
    'Which calls are traced: always_on, always_off, traceidratio, or one of them with parentbased_ before it, which heeds the ' +
      'client’s `traceparent`.',
    oneOf(
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ),
  ),
  tracesSamplerRatio: setting(
    'OTEL_TRACES_SAMPLER_ARG',
    '1',
    'Share of the calls that traceidratio traces, from 0 to 1.',
    numberBetween(0, 1),
  ),
  trustedProxies: setting(
    'TRUST_PROXY',
    '0',
    'Reverse proxies in front whose X-Forwarded-* and X-Request-Id headers are trusted: their number, if the port ' +
      'is reachable only through them, or their address ranges, comma-separated.',
    trustedProxies,
  ),
  corsOrigins: setting(
    'CORS_ORIGINS',
    '',
    'Origins of web apps that may call this service from a browser, such as https://app.example.com, ' +
      'comma-separated. Unset: none.',
    (value) => (value === '' ? [] : origins(value)),
  ),
} as const;

export type Settings = { readonly [K in keyof typeof SETTINGS]: ReturnType<(typeof SETTINGS)[K]['parse']> };
