/** The settings of the providers. Operators need only those of their own providers. */
import { addressRanges } from './address-values.js';
import { secret, setting, type Setting } from './setting.js';
import {
  asterisks,
  baseUrl,
  chineseNumber,
  dialRules,
  e164,
  ed25519Key,
  limit,
  list,
  nonEmpty,
  numberBetween,
  oneOf,
  optional,
  pathToken,
  sharedSecret,
  soundNames,
  template,
  text,
  twilioSid,
  twilioWhisperUrl,
  url,
  uuid,
  webhookSecrets,
  wholeNumber,
  boolean,
  yuntongxunSid,
} from './setting-values.js';

const callsPerSecond = (prefix: string, whom: string, providersOwn = '') =>
  setting(
    `${prefix}_CALLS_PER_SECOND`,
    providersOwn,
    `Maximum calls per second to ${whom}, from all replicas together; more wait briefly, then are refused.` +
      (providersOwn && ` ${whom}’s own default is ${providersOwn}.`),
    limit(numberBetween(0.01, 1_000)),
  );

const sharesAccount = (prefix: string, account: string) =>
  setting(
    `${prefix}_SHARES_ACCOUNT`,
    'false',
    `true: a user without a sub-account there calls under ${account}. Otherwise such a call is refused.`,
    boolean,
  );

const callsAtOnce = (prefix: string, whom: string) =>
  setting(
    `${prefix}_CALLS_AT_ONCE`,
    '',
    `Maximum concurrent calls of ${whom}, from all replicas together. Unset: no limit.`,
    limit(wholeNumber(1, 100_000)),
  );

/** Asterisk and 容联 have the same two names, with other numbers. */
const shownNumbers = (prefix: string, leg: 'CALLER' | 'CALLEE') =>
  setting(
    `${prefix}_SHOWN_TO_${leg}`,
    '',
    `Numbers of the account, comma-separated, of which the ${leg === 'CALLER' ? 'caller’s' : 'other party’s'} phone shows one, ` +
      `as above. Unset: ${prefix}_CALLER_NUMBER.`,
    optional(list(e164)),
  );

const whisperUrl = (prefix: string, language: string, whom: string, parse = url('https:', 'http:')) =>
  setting(
    `${prefix}_WHISPER`,
    '',
    `URL of ${language} that ${whom} carries out for the other party after its answer, before the two are joined. ` +
      'Not at an extension. Unset: none.',
    optional(parse),
  );

export const PROVIDER_SETTINGS = {
  simulator: setting(
    'SIMULATOR',
    'false',
    'true: with DATABASE_URL set and no provider, the simulator carries calls and no phone rings. Otherwise the ' +
      'start is refused.',
    boolean,
  ),
  simulatorUrl: setting(
    'SIMULATOR_URL',
    '',
    'URL of a simulator in a separate process. Unset: it runs in this process.',
    optional(baseUrl('http:', 'https:')),
  ),
  simulatorSharesAccount: sharesAccount('SIMULATOR', 'an account of the simulator’s own'),
  simulatorSpeed: setting(
    'SIMULATOR_SPEED',
    '1',
    'Speed of the simulator: 1 is real time (2 s, 4 s, 10 s), 10 is ten times as fast.',
    numberBetween(0.1, 10_000),
  ),
  simulatorWebhookSecrets: secret(
    'SIMULATOR_WEBHOOK_SECRETS',
    '',
    'Secrets of the simulator’s webhooks, comma-separated; the first signs, all are accepted. Unset: a random one.',
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
    'URLs to which `npm run simulator` posts its webhooks, comma-separated; if one does not accept, the next is ' +
      'tried.',
    list(url('http:', 'https:')),
  ),
  asterisks: setting(
    'ASTERISK_URL',
    '',
    'Your Asterisk’s HTTP server, as http://host:8088. When set, Asterisk carries calls, and not the simulator. Several ' +
      'have names, and weights if calls are not spread evenly: east=http://a:8088,west*2=http://b:8088. They share all ' +
      'settings; the limits are for each. A route may name one: asterisk@east.',
    optional(asterisks),
  ),
  asteriskUsername: setting('ASTERISK_USERNAME', 'ringback', 'The user in Asterisk’s ari.conf.', nonEmpty),
  asteriskPassword: secret('ASTERISK_PASSWORD', '', 'Its password.', optional(text)),
  asteriskSharesAccount: sharesAccount('ASTERISK', 'no account; Asterisk needs none'),
  asteriskDial: setting(
    'ASTERISK_DIAL',
    '=PJSIP/{digits}',
    'Channels by number: prefix=dial string, comma-separated; the longest matching prefix is used. {number}, ' +
      '{digits} (without +) and {rest} (after the prefix) stand for the number. Local channels get option n.',
    dialRules,
  ),
  asteriskShownToCaller: setting(
    'ASTERISK_SHOWN_TO_CALLER',
    '{callee}',
    'The number that the caller’s phone shows; {caller} and {callee} stand for the two numbers. Of several, comma-separated, ' +
      'each pair of numbers gets one, from the phone’s area if there is one.',
    list(template('caller', 'callee')),
  ),
  asteriskShownToCallee: setting(
    'ASTERISK_SHOWN_TO_CALLEE',
    '{caller}',
    'The number that the other party’s phone shows: as above.',
    list(template('caller', 'callee')),
  ),
  asteriskWhisper: setting(
    'ASTERISK_WHISPER',
    '',
    'Sounds of Asterisk, joined by &, that the other party hears after its answer, before the two are joined: ' +
      'custom/from-the-app. Not at an extension. Unset: none.',
    optional(soundNames),
  ),
  asteriskCallsPerSecond: callsPerSecond('ASTERISK', 'Asterisk'),
  asteriskCallsAtOnce: callsAtOnce('ASTERISK', 'Asterisk'),
  twilioAccountSid: setting(
    'TWILIO_ACCOUNT_SID',
    '',
    'Your Twilio account. When set, Twilio carries calls.',
    optional(twilioSid),
  ),
  twilioAuthToken: secret('TWILIO_AUTH_TOKEN', '', 'Its auth token.', optional(text)),
  twilioSharesAccount: sharesAccount('TWILIO', 'TWILIO_ACCOUNT_SID'),
  twilioSharedKeys: secret(
    'TWILIO_SHARED_KEYS',
    '',
    'Secrets of the SharedKeys that sign its webhooks, comma-separated; all are accepted. Unset: only the auth ' +
      'token signs.',
    optional(list(sharedSecret)),
  ),
  twilioCallerNumber: setting(
    'TWILIO_CALLER_NUMBER',
    '',
    'A Twilio number with voice, E.164, which both phones show.',
    optional(e164),
  ),
  twilioShownToCaller: shownNumbers('TWILIO', 'CALLER'),
  twilioShownToCallee: shownNumbers('TWILIO', 'CALLEE'),
  twilioUrl: setting(
    'TWILIO_URL',
    'https://api.twilio.com',
    'URL of its API; its regions have their own.',
    baseUrl('https:', 'http:'),
  ),
  twilioMachineDetection: setting(
    'TWILIO_MACHINE_DETECTION',
    '',
    'Enable or DetectMessageEnd: Twilio detects whether a machine has answered for the caller.',
    optional(oneOf('Enable', 'DetectMessageEnd')),
  ),
  twilioCalleeMachineDetection: setting(
    'TWILIO_CALLEE_MACHINE_DETECTION',
    '',
    'Enable or DetectMessageEnd: the same for the other party, whose talk does not wait for it.',
    optional(oneOf('Enable', 'DetectMessageEnd')),
  ),
  twilioWhisper: whisperUrl('TWILIO', 'TwiML', 'Twilio', twilioWhisperUrl),
  twilioCallsPerSecond: callsPerSecond('TWILIO', 'Twilio', '1'),
  twilioCallsAtOnce: callsAtOnce('TWILIO', 'Twilio'),
  telnyxAccountSid: setting(
    'TELNYX_ACCOUNT_SID',
    '',
    'The id of your Telnyx account, a UUID. When set, Telnyx carries calls.',
    optional(uuid),
  ),
  telnyxApiKey: secret('TELNYX_API_KEY', '', 'An API key of the account.', optional(text)),
  telnyxPublicKey: setting(
    'TELNYX_PUBLIC_KEY',
    '',
    'The account’s public key, which verifies its webhooks: base64 of 32 bytes.',
    optional(ed25519Key),
  ),
  telnyxApplicationSid: setting(
    'TELNYX_APPLICATION_SID',
    '',
    'The id of a TeXML application of the account.',
    optional(text),
  ),
  telnyxSharesAccount: sharesAccount('TELNYX', 'TELNYX_ACCOUNT_SID'),
  telnyxCallerNumber: setting(
    'TELNYX_CALLER_NUMBER',
    '',
    'A Telnyx number with voice, E.164, which both phones show.',
    optional(e164),
  ),
  telnyxShownToCaller: shownNumbers('TELNYX', 'CALLER'),
  telnyxShownToCallee: shownNumbers('TELNYX', 'CALLEE'),
  telnyxWhisper: whisperUrl('TELNYX', 'TeXML', 'Telnyx'),
  telnyxUrl: setting('TELNYX_URL', 'https://api.telnyx.com', 'URL of its API.', baseUrl('https:', 'http:')),
  telnyxCallsPerSecond: callsPerSecond('TELNYX', 'Telnyx'),
  telnyxCallsAtOnce: callsAtOnce('TELNYX', 'Telnyx'),
  signalwireProjectId: setting(
    'SIGNALWIRE_PROJECT_ID',
    '',
    'The id of your SignalWire project, a UUID. When set, SignalWire carries calls.',
    optional(uuid),
  ),
  signalwireApiToken: secret('SIGNALWIRE_API_TOKEN', '', 'An API token of the project, for voice.', optional(text)),
  signalwireSigningKey: secret(
    'SIGNALWIRE_SIGNING_KEY',
    '',
    'The project’s signing key, which signs its webhooks.',
    optional(sharedSecret),
  ),
  signalwireUrl: setting(
    'SIGNALWIRE_URL',
    '',
    'URL of your space: https://example.signalwire.com.',
    optional(baseUrl('https:', 'http:')),
  ),
  signalwireSharesAccount: sharesAccount('SIGNALWIRE', 'SIGNALWIRE_PROJECT_ID'),
  signalwireCallerNumber: setting(
    'SIGNALWIRE_CALLER_NUMBER',
    '',
    'A SignalWire number with voice, E.164, which both phones show.',
    optional(e164),
  ),
  signalwireShownToCaller: shownNumbers('SIGNALWIRE', 'CALLER'),
  signalwireShownToCallee: shownNumbers('SIGNALWIRE', 'CALLEE'),
  signalwireWhisper: whisperUrl('SIGNALWIRE', 'cXML', 'SignalWire'),
  signalwireCallsPerSecond: callsPerSecond('SIGNALWIRE', 'SignalWire'),
  signalwireCallsAtOnce: callsAtOnce('SIGNALWIRE', 'SignalWire'),
  yuntongxunAccountSid: setting(
    'YUNTONGXUN_ACCOUNT_SID',
    '',
    'Your 容联 account (主账号). When set, 容联 carries calls.',
    optional(yuntongxunSid),
  ),
  yuntongxunAuthToken: secret('YUNTONGXUN_AUTH_TOKEN', '', 'Its auth token.', optional(text)),
  yuntongxunAppId: setting('YUNTONGXUN_APP_ID', '', 'The id of the app that only Ringback uses.', optional(text)),
  yuntongxunWebhookToken: secret(
    'YUNTONGXUN_WEBHOOK_TOKEN',
    '',
    'The secret end of its webhooks’ path: at least 22 letters, digits, - or _.',
    optional(pathToken),
  ),
  yuntongxunAllowedAddresses: setting(
    'YUNTONGXUN_ALLOWED_ADDRESSES',
    '',
    'Address ranges that its webhooks come from, comma-separated. Unset: all addresses.',
    (value) => (value === '' ? [] : addressRanges(value)),
  ),
  yuntongxunMakeSubAccounts: setting(
    'YUNTONGXUN_MAKE_SUB_ACCOUNTS',
    'false',
    'true: the first call of a user without a sub-account creates one there.',
    boolean,
  ),
  yuntongxunShownToCaller: setting(
    'YUNTONGXUN_SHOWN_TO_CALLER',
    '',
    'The number that the caller’s phone shows (fromSerNum), one that 容联 allows, or several, as above. Unset: its own default.',
    optional(list(chineseNumber)),
  ),
  yuntongxunShownToCallee: setting(
    'YUNTONGXUN_SHOWN_TO_CALLEE',
    '',
    'The number that the other party’s phone shows (customerSerNum): as above.',
    optional(list(chineseNumber)),
  ),
  yuntongxunUrl: setting(
    'YUNTONGXUN_URL',
    'https://app.cloopen.com:8883',
    'URL of its REST API; for an app that is not released yet, the sandbox.',
    baseUrl('https:', 'http:'),
  ),
  yuntongxunFormat: setting(
    'YUNTONGXUN_FORMAT',
    'json',
    'Format of requests to it: json or xml.',
    oneOf('json', 'xml'),
  ),
  yuntongxunCallsPerSecond: callsPerSecond('YUNTONGXUN', '容联'),
  yuntongxunCallsAtOnce: callsAtOnce('YUNTONGXUN', '容联'),
  publicUrl: setting(
    'PUBLIC_URL',
    '',
    'URL at which providers reach this service, without /v1: https://calls.example.com.',
    optional(baseUrl('https:', 'http:')),
  ),
} as const;

interface ProviderSettings {
  /** The setting that enables the provider. */
  readonly key: Setting<unknown>;
  readonly needed: readonly Setting<unknown>[];
}

/** By provider. Without any of them the simulator is used. */
export const PROVIDERS: Readonly<Record<string, ProviderSettings>> = {
  asterisk: { key: PROVIDER_SETTINGS.asterisks, needed: [PROVIDER_SETTINGS.asteriskPassword] },
  twilio: {
    key: PROVIDER_SETTINGS.twilioAccountSid,
    needed: [PROVIDER_SETTINGS.twilioAuthToken, PROVIDER_SETTINGS.twilioCallerNumber, PROVIDER_SETTINGS.publicUrl],
  },
  telnyx: {
    key: PROVIDER_SETTINGS.telnyxAccountSid,
    needed: [
      PROVIDER_SETTINGS.telnyxApiKey,
      PROVIDER_SETTINGS.telnyxPublicKey,
      PROVIDER_SETTINGS.telnyxApplicationSid,
      PROVIDER_SETTINGS.telnyxCallerNumber,
      PROVIDER_SETTINGS.publicUrl,
    ],
  },
  signalwire: {
    key: PROVIDER_SETTINGS.signalwireProjectId,
    needed: [
      PROVIDER_SETTINGS.signalwireApiToken,
      PROVIDER_SETTINGS.signalwireSigningKey,
      PROVIDER_SETTINGS.signalwireUrl,
      PROVIDER_SETTINGS.signalwireCallerNumber,
      PROVIDER_SETTINGS.publicUrl,
    ],
  },
  yuntongxun: {
    key: PROVIDER_SETTINGS.yuntongxunAccountSid,
    needed: [
      PROVIDER_SETTINGS.yuntongxunAuthToken,
      PROVIDER_SETTINGS.yuntongxunAppId,
      PROVIDER_SETTINGS.yuntongxunWebhookToken,
    ],
  },
};
