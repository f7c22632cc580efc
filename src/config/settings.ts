/**
 * Every environment variable that Ringback reads: its name, what it means, its default, and how its text becomes a
 * value. The README's table is tested against this list.
 */
import { readKeyRing } from './key-ring.js';
import {
  addressRanges,
  dialRules,
  e164,
  hmacKey,
  limit,
  list,
  nonEmpty,
  numberBetween,
  oneOf,
  optional,
  pathToken,
  region,
  routes,
  text,
  twilioSid,
  url,
  webhookSecrets,
  wholeNumber,
  yesOrNo,
  yuntongxunSid,
} from './setting-values.js';

export interface Setting<T> {
  readonly name: string;
  readonly meaning: string;
  /** As an operator would write it; empty when there is none. */
  readonly defaultText: string;
  /** Throws an Error whose message says what was expected; it must not repeat the value, which may be a secret. */
  readonly parse: (text: string) => T;
  /** Never shown, to nobody. */
  readonly isSecret: boolean;
}

const setting = <T>(name: string, defaultText: string, meaning: string, parse: (text: string) => T): Setting<T> => ({
  name,
  meaning,
  defaultText,
  parse,
  isSecret: false,
});

const secret = <T>(...args: Parameters<typeof setting<T>>): Setting<T> => ({ ...setting(...args), isSecret: true });

export const SETTINGS = {
  host: setting('HOST', '0.0.0.0', 'Address to listen on.', nonEmpty),
  port: setting('PORT', '3000', 'TCP port to listen on; 0 takes a free one.', wholeNumber(0, 65_535)),
  databaseUrl: secret(
    'DATABASE_URL',
    '',
    'PostgreSQL 15 or later, as postgresql://user:password@host/database. Unset: an embedded PostgreSQL in DATA_DIR.',
    optional(url('postgresql:', 'postgres:')),
  ),
  databasePoolSize: setting(
    'DATABASE_POOL_SIZE',
    '10',
    'Most database connections that this process opens for requests.',
    wholeNumber(1, 1_000),
  ),
  dataDir: setting('DATA_DIR', './data', 'Where the embedded default keeps its database and its secrets.', nonEmpty),
  jwtSecret: secret(
    'JWT_SECRET',
    '',
    'HS256 key for access tokens, at least 32 bytes. Unset on the embedded default: a random one in DATA_DIR.',
    optional(hmacKey),
  ),
  jwtJwksUri: setting(
    'JWT_JWKS_URI',
    '',
    'Where your identity provider publishes its public keys (RS, PS, ES, EdDSA); instead of JWT_SECRET.',
    optional(url('https:', 'http:')),
  ),
  jwtIssuer: setting('JWT_ISSUER', '', 'When set, the `iss` that a token must carry.', optional(text)),
  jwtAudience: setting('JWT_AUDIENCE', '', 'When set, the `aud` that a token must carry.', optional(text)),
  subAccountKeys: secret(
    'SUB_ACCOUNT_KEYS',
    '',
    'Keys for sub-accounts’ secrets in the database, as name:base64 of 32 bytes, comma between two; the first encrypts, ' +
      'all decrypt. Unset on the embedded default: a random one in DATA_DIR.',
    optional(readKeyRing),
  ),
  phoneRegion: setting('PHONE_REGION', 'CN', 'Country of phone numbers written without a country code.', region),
  serviceHotline: setting(
    'SERVICE_HOTLINE',
    '010-56469588',
    'The number that a caller without a phone is told to dial by hand.',
    nonEmpty,
  ),
  dialTimeoutSeconds: setting(
    'DIAL_TIMEOUT',
    '5',
    'Seconds that a provider has to reply to a dial before the caller is answered without it.',
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
    'Seconds that a call may stay in state 2: as above, and some rings of voicemail or a hunt group.',
    wholeNumber(1, 86_400),
  ),
  longestTalkSeconds: setting(
    'LONGEST_TALK',
    '14400',
    'Seconds that a call may stay in state 3; a longer one is hung up, for it is a phone left off the hook.',
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
  recordCalls: setting('RECORD_CALLS', 'false', 'true has the provider record every talk.', yesOrNo),
  sweepEverySeconds: setting(
    'SWEEP_EVERY',
    '5',
    'Seconds between two looks for calls that have stayed too long.',
    numberBetween(0.05, 3_600),
  ),
  routes: setting(
    'ROUTES',
    '',
    'Which providers carry a call, by the callee’s number: +86=yuntongxun/twilio,US=twilio,=asterisk, that is prefix or ' +
      'country=providers, nothing for every number. The first route that fits decides; of its providers the second stands ' +
      'in for the first, and so on. Unset: every number by all that are configured, in the order of this table.',
    optional(routes),
  ),
  simulatorUrl: setting(
    'SIMULATOR_URL',
    '',
    'Where a simulator runs as a process of its own. Unset: it runs within this one.',
    optional(url('http:', 'https:')),
  ),
  simulatorSpeed: setting(
    'SIMULATOR_SPEED',
    '1',
    'Pace of the simulator: 1 is lifelike (2 s, 4 s, 10 s), 10 is ten times as fast.',
    numberBetween(0.1, 10_000),
  ),
  simulatorWebhookSecrets: secret(
    'SIMULATOR_WEBHOOK_SECRETS',
    '',
    'Secrets of the simulator’s webhooks, comma between two; the first signs, all are accepted. Unset: a random one.',
    optional(webhookSecrets),
  ),
  simulatorHost: setting('SIMULATOR_HOST', '127.0.0.1', 'Address that `npm run simulator` listens on.', nonEmpty),
  simulatorPort: setting(
    'SIMULATOR_PORT',
    '3100',
    'TCP port that `npm run simulator` listens on; 0 takes a free one.',
    wholeNumber(0, 65_535),
  ),
  simulatorTargets: setting(
    'SIMULATOR_TARGETS',
    'http://127.0.0.1:3000/v1/webhooks/simulator',
    'Where `npm run simulator` posts its webhooks, comma between two: the next where one does not take it.',
    list(url('http:', 'https:')),
  ),
  asteriskUrl: setting(
    'ASTERISK_URL',
    '',
    'Your Asterisk’s HTTP server, as http://host:8088. When set, Asterisk carries calls, and not the simulator.',
    optional(url('http:', 'https:')),
  ),
  asteriskUsername: setting('ASTERISK_USERNAME', 'ringback', 'The user in Asterisk’s ari.conf.', nonEmpty),
  asteriskPassword: secret('ASTERISK_PASSWORD', '', 'Its password.', optional(text)),
  asteriskDial: setting(
    'ASTERISK_DIAL',
    '=PJSIP/{digits}',
    'Which channel reaches a number: prefix=dial string, comma between two; the longest prefix that fits decides. ' +
      '{number}, {digits} (without +) and {rest} (after the prefix) stand for the number.',
    dialRules,
  ),
  asteriskShownToCaller: setting(
    'ASTERISK_SHOWN_TO_CALLER',
    '{callee}',
    'The number that the caller’s phone shows; {caller} and {callee} stand for the two numbers.',
    nonEmpty,
  ),
  asteriskShownToCallee: setting(
    'ASTERISK_SHOWN_TO_CALLEE',
    '{caller}',
    'The number that the other party’s phone shows: as above.',
    nonEmpty,
  ),
  asteriskCallsPerSecond: setting(
    'ASTERISK_CALLS_PER_SECOND',
    '',
    'Calls that Asterisk is asked for in a second, by all replicas together; more wait a moment, then are refused.',
    limit(numberBetween(0.01, 1_000)),
  ),
  asteriskCallsAtOnce: setting(
    'ASTERISK_CALLS_AT_ONCE',
    '',
    'Calls that Asterisk carries at once, by all replicas together. Unset: no limit.',
    limit(wholeNumber(1, 100_000)),
  ),
  twilioAccountSid: setting(
    'TWILIO_ACCOUNT_SID',
    '',
    'Your Twilio account. When set, Twilio carries calls.',
    optional(twilioSid),
  ),
  twilioAuthToken: secret('TWILIO_AUTH_TOKEN', '', 'Its auth token.', optional(text)),
  twilioCallerNumber: setting(
    'TWILIO_CALLER_NUMBER',
    '',
    'A Twilio number with voice, E.164, which both phones show.',
    optional(e164),
  ),
  twilioUrl: setting(
    'TWILIO_URL',
    'https://api.twilio.com',
    'Where its API is; its regions have their own.',
    url('https:', 'http:'),
  ),
  twilioMachineDetection: setting(
    'TWILIO_MACHINE_DETECTION',
    '',
    'Enable or DetectMessageEnd: Twilio finds out whether a machine has answered.',
    optional(oneOf('Enable', 'DetectMessageEnd')),
  ),
  twilioCallsPerSecond: setting(
    'TWILIO_CALLS_PER_SECOND',
    '1',
    'Calls that Twilio is asked for in a second, by all replicas together; more wait a moment, then are refused. Twilio’s own default is 1.',
    limit(numberBetween(0.01, 1_000)),
  ),
  twilioCallsAtOnce: setting(
    'TWILIO_CALLS_AT_ONCE',
    '',
    'Calls that Twilio carries at once, by all replicas together. Unset: no limit.',
    limit(wholeNumber(1, 100_000)),
  ),
  yuntongxunAccountSid: setting(
    'YUNTONGXUN_ACCOUNT_SID',
    '',
    'Your 容联 account (主账号). When set, 容联 carries calls.',
    optional(yuntongxunSid),
  ),
  yuntongxunAuthToken: secret('YUNTONGXUN_AUTH_TOKEN', '', 'Its auth token.', optional(text)),
  yuntongxunAppId: setting('YUNTONGXUN_APP_ID', '', 'The id of the app that Ringback alone uses.', optional(text)),
  yuntongxunWebhookToken: secret(
    'YUNTONGXUN_WEBHOOK_TOKEN',
    '',
    'The secret end of its webhooks’ path: at least 22 letters, digits, - or _.',
    optional(pathToken),
  ),
  yuntongxunAllowedAddresses: setting(
    'YUNTONGXUN_ALLOWED_ADDRESSES',
    '',
    'Address ranges that its webhooks come from, comma between two. Unset: from anywhere.',
    (value) => (value === '' ? [] : addressRanges(value)),
  ),
  yuntongxunMakeSubAccounts: setting(
    'YUNTONGXUN_MAKE_SUB_ACCOUNTS',
    'false',
    'true makes a sub-account there at the first call of a user who has none.',
    yesOrNo,
  ),
  yuntongxunUrl: setting(
    'YUNTONGXUN_URL',
    'https://app.cloopen.com:8883',
    'Where its REST interface is; an app that is not released yet has the sandbox.',
    url('https:', 'http:'),
  ),
  yuntongxunFormat: setting(
    'YUNTONGXUN_FORMAT',
    'json',
    'How requests to it are written: json or xml.',
    oneOf('json', 'xml'),
  ),
  yuntongxunCallsPerSecond: setting(
    'YUNTONGXUN_CALLS_PER_SECOND',
    '',
    'Calls that 容联 is asked for in a second, by all replicas together; more wait a moment, then are refused.',
    limit(numberBetween(0.01, 1_000)),
  ),
  yuntongxunCallsAtOnce: setting(
    'YUNTONGXUN_CALLS_AT_ONCE',
    '',
    'Calls that 容联 carries at once, by all replicas together. Unset: no limit.',
    limit(wholeNumber(1, 100_000)),
  ),
  publicUrl: setting(
    'PUBLIC_URL',
    '',
    'Where providers reach this service, without a path: https://calls.example.com.',
    optional(url('https:', 'http:')),
  ),
  webhookAllowedRanges: setting(
    'WEBHOOK_ALLOWED_RANGES',
    '',
    'Address ranges beside the public ones that outgoing webhooks may go to, over http too; comma between two.',
    (value) => (value === '' ? [] : addressRanges(value)),
  ),
  logLevel: setting(
    'LOG_LEVEL',
    'info',
    'Least level that is logged: trace, debug, info, warn, error, fatal or silent.',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
  ),
  trustProxy: setting(
    'TRUST_PROXY',
    'false',
    'true behind a reverse proxy whose X-Forwarded-* headers are to be believed.',
    yesOrNo,
  ),
} as const;

export type Settings = { readonly [K in keyof typeof SETTINGS]: ReturnType<(typeof SETTINGS)[K]['parse']> };
