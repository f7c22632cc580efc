/**
 * Every environment variable that Ringback reads: its name, what it means, its default, and how its text becomes a
 * value. The README's table is tested against this list.
 */
import ipaddr from 'ipaddr.js';
import { isSupportedCountry } from 'libphonenumber-js/max';

export interface Setting<T> {
  readonly name: string;
  readonly meaning: string;
  /** As an operator would write it; empty when there is none. */
  readonly defaultText: string;
  /** Throws an Error whose message says what was expected; it must not repeat the value, which may be a secret. */
  readonly parse: (text: string) => T;
}

const setting = <T>(name: string, defaultText: string, meaning: string, parse: (text: string) => T): Setting<T> => ({
  name,
  meaning,
  defaultText,
  parse,
});

const text = (value: string): string => value;

const wholeNumber =
  (least: number, most: number) =>
  (value: string): number => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most) {
      throw new Error(`expected a whole number from ${least} to ${most}`);
    }
    return number;
  };

const numberBetween =
  (least: number, most: number) =>
  (value: string): number => {
    const number = Number(value);
    if (value.trim() === '' || !Number.isFinite(number) || number < least || number > most) {
      throw new Error(`expected a number from ${least} to ${most}`);
    }
    return number;
  };

const yesOrNo = (value: string): boolean => {
  if (value !== 'true' && value !== 'false') throw new Error('expected true or false');
  return value === 'true';
};

const oneOf =
  <T extends string>(...choices: T[]) =>
  (value: string): T => {
    const found = choices.find((choice) => choice === value);
    if (!found) throw new Error(`expected one of ${choices.join(', ')}`);
    return found;
  };

const url =
  (...protocols: string[]) =>
  (value: string): string => {
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
      throw new Error(`expected a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`);
    }
    return value;
  };

const list =
  <T>(parse: (item: string) => T) =>
  (value: string): readonly T[] =>
    value.split(',').map((item) => parse(item.trim()));

const optional =
  <T>(parse: (value: string) => T) =>
  (value: string): T | undefined =>
    value === '' ? undefined : parse(value);

/** RFC 7518 §3.2: a key for HS256 has at least as many bits as its hash. */
const hmacKey = (value: string): string => {
  if (Buffer.byteLength(value) < 32) throw new Error('expected at least 32 bytes');
  return value;
};

/** Whom libphonenumber does not know, no number would be valid for: UK, say, which is GB. */
const region = (value: string): string => {
  if (!isSupportedCountry(value)) throw new Error('expected a two-letter country code of ISO 3166 such as CN');
  return value;
};

const twilioSid = (value: string): string => {
  if (!/^AC[0-9a-f]{32}$/.test(value)) throw new Error('expected AC and 32 hexadecimal digits');
  return value;
};

const e164 = (value: string): string => {
  if (!/^\+[1-9]\d{6,14}$/.test(value)) throw new Error('expected a number in E.164 such as +14155550100');
  return value;
};

/** A prefix may be empty, a dial string not; the first equals sign stands between them. */
const dialRules = (value: string): readonly { readonly prefix: string; readonly dialString: string }[] =>
  value.split(',').map((text) => {
    const [, prefix, dialString] = /^(\+?\d*)=([A-Za-z][A-Za-z0-9]*\/\S+)$/.exec(text.trim()) ?? [];
    if (prefix === undefined || dialString === undefined) {
      throw new Error('expected rules such as +86=PJSIP/0{rest}@trunk or =PJSIP/{number}, comma between two');
    }
    return { prefix, dialString };
  });

/** Standard Webhooks: `whsec_` and 24 to 64 random bytes in base64. */
const webhookSecrets = (value: string): readonly [string, ...string[]] => {
  const [first = '', ...more] = value.split(',').map((secret) => secret.trim());
  for (const secret of [first, ...more]) {
    const bytes = /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret) ? Buffer.from(secret.slice(6), 'base64').length : 0;
    if (bytes < 24 || bytes > 64) throw new Error('expected whsec_ and 24 to 64 bytes in base64, comma between two');
  }
  return [first, ...more];
};

/** Anything shorter than four numbers, which ipaddr.js would take, is more likely a slip than a range. */
const addressRanges = (value: string): readonly ReturnType<typeof ipaddr.parseCIDR>[] =>
  value.split(',').map((text) => {
    const range = text.trim();
    if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(range) && !ipaddr.IPv6.isValidCIDR(range)) {
      throw new Error('expected ranges such as 10.0.0.0/8 or fd00::/8, comma between two');
    }
    return ipaddr.parseCIDR(range);
  });

const nonEmpty = (value: string): string => {
  if (value.trim() === '') throw new Error('expected some text');
  return value;
};

export const SETTINGS = {
  host: setting('HOST', '0.0.0.0', 'Address to listen on.', nonEmpty),
  port: setting('PORT', '3000', 'TCP port to listen on; 0 takes a free one.', wholeNumber(0, 65_535)),
  databaseUrl: setting(
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
  dataDir: setting('DATA_DIR', './data', 'Where the embedded default keeps its database and its secret.', nonEmpty),
  jwtSecret: setting(
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
  simulatorWebhookSecrets: setting(
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
    'Your Asterisk’s HTTP server, as http://host:8088. When set, Asterisk carries the calls, and not the simulator.',
    optional(url('http:', 'https:')),
  ),
  asteriskUsername: setting('ASTERISK_USERNAME', 'ringback', 'The user in Asterisk’s ari.conf.', nonEmpty),
  asteriskPassword: setting('ASTERISK_PASSWORD', '', 'Its password.', optional(text)),
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
  twilioAccountSid: setting(
    'TWILIO_ACCOUNT_SID',
    '',
    'Your Twilio account. When set, Twilio carries the calls, unless ASTERISK_URL is set too.',
    optional(twilioSid),
  ),
  twilioAuthToken: setting('TWILIO_AUTH_TOKEN', '', 'Its auth token.', optional(text)),
  twilioCallerNumber: setting(
    'TWILIO_CALLER_NUMBER',
    '',
    'A Twilio number with voice, E.164, which both phones show.',
    optional(e164),
  ),
  twilioMachineDetection: setting(
    'TWILIO_MACHINE_DETECTION',
    '',
    'Enable or DetectMessageEnd: Twilio finds out whether a machine has answered.',
    optional(oneOf('Enable', 'DetectMessageEnd')),
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
