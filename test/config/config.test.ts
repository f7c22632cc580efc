import { readConfig, readMigrationConfig, readSimulatorConfig, type ConfigError } from '../../src/config/config.js';
import { SETTINGS } from '../../src/config/settings.js';

const NAMES = Object.values(SETTINGS).map(({ name }) => name);
/** Settings that accept any text. */
const TEXTS = [
  'HOST',
  'NO_PROXY',
  'DATA_DIR',
  'JWT_ISSUER',
  'JWT_AUDIENCE',
  'JWT_USER_CLAIM',
  'OIDC_CLIENT_ID',
  'OIDC_CLIENT_SECRET',
  'SERVICE_HOTLINE',
  'SIMULATOR_HOST',
  'OTEL_SERVICE_NAME',
  'ASTERISK_USERNAME',
  'ASTERISK_PASSWORD',
  'ASTERISK_SHOWN_TO_CALLER',
  'ASTERISK_SHOWN_TO_CALLEE',
  'ASTERISK_WHISPER',
  'TWILIO_AUTH_TOKEN',
  'TWILIO_SHARED_KEYS',
  'TELNYX_API_KEY',
  'TELNYX_APPLICATION_SID',
  'SIGNALWIRE_API_TOKEN',
  'YUNTONGXUN_ACCOUNT_SID',
  'YUNTONGXUN_AUTH_TOKEN',
  'YUNTONGXUN_APP_ID',
];

const KEY = 'a key of 32 bytes or more: for the tests';
const KEYS = `a-name:${Buffer.alloc(32).toString('base64')}`;
const DATABASE = 'postgresql://user:password@host/database';
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(24).toString('base64')}`;

const problemsOf = (
  environment: Record<string, string>,
  read: (of: Record<string, string>) => unknown = readConfig,
) => {
  try {
    read(environment);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
};

describe('the configuration', () => {
  it('has a default for every setting except secrets', () => {
    expect(readConfig({})).toMatchObject({
      host: '0.0.0.0',
      port: 3000,
      databaseUrl: undefined,
      dataDir: './data',
      jwtSecrets: undefined,
      jwtJwksUri: undefined,
      subAccountKeys: undefined,
      simulatorWebhookSecrets: undefined,
      dialTimeoutSeconds: 5,
      logLevel: 'info',
      trustedProxies: 0,
    });
  });

  it('treats an empty variable as not set', () => {
    const empty = Object.fromEntries(NAMES.map((name) => [name, '']));

    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  it.each(['https://login.example/keys?code=tuna', ' HTTPS://login.example/keys?code=tuna\n'])(
    'does not show the query of a URL, which may contain a key: %j',
    (given) => {
      const { shown, jwtJwksUri } = readConfig({ JWT_JWKS_URI: given, JWT_AUDIENCE: 'ringback' });

      expect(shown.JWT_JWKS_URI).toMatch(/^\s*https:\/\/login.example\/keys\?\(set\)$/i);
      expect(jwtJwksUri).toBe(given.trim());
    },
  );

  it.each(['https://login.example/my keys', 'https://login.example/ke\nys', 'https://login.example/\u0001'])(
    'refuses a URL that a parser would read otherwise: %j',
    (given) => {
      expect(() => readConfig({ JWT_JWKS_URI: given, JWT_AUDIENCE: 'ringback' })).toThrow(
        'JWT_JWKS_URI: expected a URL without blanks and control characters',
      );
    },
  );

  it('is frozen', () => {
    const config = readConfig({});

    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config, { another: 1 })).toThrow(TypeError);
  });

  it('reports every invalid setting at once by name, without its value', () => {
    const mistaken = NAMES.filter((name) => !TEXTS.includes(name));
    const environment = Object.fromEntries(mistaken.map((name) => [name, `swordfish`]));

    let message = '';
    try {
      readConfig(environment);
    } catch (error) {
      ({ message } = error as Error);
    }

    const [heading, ...lines] = message.split('\n');
    expect(heading).toBe('The configuration cannot be used:');
    expect(lines.map((line) => /^ {2}(\w+)/.exec(line)?.[1])).toEqual([
      ...mistaken,
      'JWT_SECRET',
      'JWT_AUDIENCE',
      'OIDC_ISSUER',
      'ASTERISK_PASSWORD',
      'TWILIO_AUTH_TOKEN',
      'TELNYX_API_KEY',
      'TELNYX_APPLICATION_SID',
      'SIGNALWIRE_API_TOKEN',
    ]);
    expect(message).not.toContain('swordfish');
  });

  it('reports missing settings together with invalid ones', () => {
    expect(problemsOf({ PORT: 'http', DATABASE_URL: DATABASE, SIMULATOR: 'true' })).toEqual([
      expect.stringMatching(/^PORT: /),
      'JWT_SECRET: required when DATABASE_URL is set (or set JWT_JWKS_URI instead)',
      'SUB_ACCOUNT_KEYS: required when DATABASE_URL is set',
    ]);
  });

  it('does not report an invalid key as missing', () => {
    const environment = {
      JWT_SECRET: 'changeme',
      SUB_ACCOUNT_KEYS: 'changeme',
      DATABASE_URL: DATABASE,
      SIMULATOR: 'true',
    };

    expect(problemsOf(environment)).toEqual([
      'JWT_SECRET: expected at least 32 bytes each, comma-separated',
      expect.stringMatching(/^SUB_ACCOUNT_KEYS: expected name:key/),
    ]);
  });

  it.each([
    [
      'an own database without JWT_SECRET',
      { DATABASE_URL: DATABASE, SUB_ACCOUNT_KEYS: KEYS, SIMULATOR: 'true' },
      'JWT_SECRET: required when DATABASE_URL',
    ],
    [
      'an own database without SUB_ACCOUNT_KEYS',
      { DATABASE_URL: DATABASE, JWT_SECRET: KEY, SIMULATOR: 'true' },
      'SUB_ACCOUNT_KEYS: required when DATABASE_URL',
    ],
    [
      'an own database without a provider',
      { DATABASE_URL: DATABASE, JWT_SECRET: KEY, SUB_ACCOUNT_KEYS: KEYS },
      'SIMULATOR: no provider is set (ASTERISK_URL, TWILIO_ACCOUNT_SID, TELNYX_ACCOUNT_SID, SIGNALWIRE_PROJECT_ID, YUNTONGXUN_ACCOUNT_SID)',
    ],
    [
      'both JWT_SECRET and JWT_JWKS_URI',
      { JWT_SECRET: KEY, JWT_JWKS_URI: 'https://host/keys', JWT_AUDIENCE: 'ringback' },
      'JWT_SECRET, JWT_JWKS_URI: set one',
    ],
    [
      'an identity provider without an audience',
      { JWT_JWKS_URI: 'https://host/keys' },
      'JWT_AUDIENCE: required when JWT_JWKS_URI',
    ],
    [
      'a RING_CALLER not less than LONGEST_REQUESTED',
      { LONGEST_REQUESTED: '45' },
      'RING_CALLER: must be less than LONGEST_REQUESTED; they are 45 and 45',
    ],
    [
      'a RING_CALLEE not less than LONGEST_RINGING',
      { RING_CALLEE: '121' },
      'RING_CALLEE: must be less than LONGEST_RINGING; they are 121 and 120',
    ],
    [
      'a CONFIRM_CALLER that does not fit into LONGEST_REQUESTED',
      { RING_CALLER: '45', CONFIRM_CALLER: '10', LONGEST_REQUESTED: '60' },
      'CONFIRM_CALLER: with RING_CALLER and 10 s for the prompt, must be less than LONGEST_REQUESTED (60)',
    ],
    [
      'a TALK_WARNING not less than LONGEST_TALK',
      { LONGEST_TALK: '60', TALK_WARNING: '60' },
      'TALK_WARNING: must be less than LONGEST_TALK; they are 60 and 60',
    ],
    ['an admin port equal to the public port', { PORT: '3000', ADMIN_PORT: '3000' }, 'ADMIN_PORT: must not be'],
    [
      'a remote simulator without webhook secrets',
      { SIMULATOR_URL: 'http://host' },
      'SIMULATOR_WEBHOOK_SECRETS: required',
    ],
  ])('refuses %s', (_what, environment, problem) => {
    expect(problemsOf(environment)).toEqual([expect.stringContaining(problem)]);
  });

  it.each<Record<string, string>>([
    { DATABASE_URL: DATABASE, JWT_SECRET: KEY, SUB_ACCOUNT_KEYS: KEYS, SIMULATOR: 'true' },
    {
      DATABASE_URL: DATABASE,
      JWT_JWKS_URI: 'https://host/keys',
      JWT_AUDIENCE: 'ringback',
      SUB_ACCOUNT_KEYS: KEYS,
      ASTERISK_URL: 'http://pbx:8088',
      ASTERISK_PASSWORD: 'a password',
    },
    {
      ASTERISK_URL: 'east=http://pbx:8088,west=http://pbx-2:8088',
      ASTERISK_PASSWORD: 'a password',
      ROUTES: '+8610=asterisk@east/asterisk,=asterisk',
    },
    { SIMULATOR_URL: 'http://host', SIMULATOR_WEBHOOK_SECRETS: WEBHOOK_SECRET },
    { RING_CALLER: '119', LONGEST_REQUESTED: '120', LONGEST_RINGING: '61' },
  ])('accepts %j', (environment) => {
    expect(problemsOf(environment)).toEqual([]);
  });

  it.each([
    [{ ASTERISK_URL: 'http://pbx:8088' }, ['ASTERISK_PASSWORD']],
    [{ TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}` }, ['TWILIO_AUTH_TOKEN', 'TWILIO_CALLER_NUMBER', 'PUBLIC_URL']],
    [
      { YUNTONGXUN_ACCOUNT_SID: '1'.repeat(32) },
      ['YUNTONGXUN_AUTH_TOKEN', 'YUNTONGXUN_APP_ID', 'YUNTONGXUN_WEBHOOK_TOKEN'],
    ],
  ])('refuses %j without the provider’s required settings', (environment, names) => {
    expect(problemsOf(environment)).toEqual(
      names.map((name) => expect.stringMatching(new RegExp(`^${name}: required`))),
    );
  });

  it('of the migration program is only the database, without keys', () => {
    expect(problemsOf({}, readMigrationConfig)).toEqual([expect.stringMatching(/^DATABASE_URL: required/)]);
    expect(problemsOf({ DATABASE_URL: DATABASE }, readMigrationConfig)).toEqual([]);
  });

  it('of the separate simulator requires the secrets of its webhooks', () => {
    expect(problemsOf({}, readSimulatorConfig)).toEqual([
      expect.stringMatching(/^SIMULATOR_WEBHOOK_SECRETS: required/),
    ]);
    expect(
      problemsOf({ SIMULATOR_WEBHOOK_SECRETS: WEBHOOK_SECRET, DATABASE_URL: DATABASE }, readSimulatorConfig),
    ).toEqual([]);
  });
});
