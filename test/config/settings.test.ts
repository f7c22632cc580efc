import { inspect } from 'node:util';
import type { Setting } from '../../src/config/setting.js';
import { SETTINGS } from '../../src/config/settings.js';

/** The value of the text, or the error. */
const read = (name: string, text: string): unknown => {
  const setting = Object.values<Setting<unknown>>(SETTINGS).find((one) => one.name === name);
  try {
    return setting?.parse(text);
  } catch (error) {
    return (error as Error).message;
  }
};

const secret = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;

const NUMBERS: [name: string, least: number, most: number, isWhole: boolean][] = [
  ['PORT', 0, 65_535, true],
  ['DRAIN_SECONDS', 0, 300, false],
  ['DATABASE_POOL_SIZE', 1, 1_000, true],
  ['DIAL_TIMEOUT', 0.05, 60, false],
  ['LONGEST_REQUESTED', 1, 86_400, true],
  ['LONGEST_RINGING', 1, 86_400, true],
  ['LONGEST_TALK', 1, 864_000, true],
  ['SWEEP_EVERY', 0.05, 3_600, false],
  ['AUDIT_DAYS', 1, 36_500, true],
  ['RETENTION_DAYS', 7, 36_500, true],
  ['STREAMS_AT_ONCE', 1, 1_000_000, true],
  ['SIMULATOR_SPEED', 0.1, 10_000, false],
  ['SIMULATOR_PORT', 0, 65_535, true],
];

it('CELL has three digits', () => {
  expect(['000', '042'].map((text) => read('CELL', text))).toEqual(['000', '042']);
  for (const text of ['42', '0042', '04a', ' 42'])
    expect(read('CELL', text)).toBe('expected three digits, such as 001');
});

describe.each(NUMBERS)('%s', (name, least, most, isWhole) => {
  const step = isWhole ? 1 : 0.01;
  const nextTo = (number: number): string => number.toFixed(isWhole ? 0 : 2);

  it(`is a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}`, () => {
    expect([read(name, String(least)), read(name, String(most))]).toEqual([least, most]);
    for (const wrong of [nextTo(least - step), nextTo(most + step), 'many', '1,5', ' ', 'Infinity', 'NaN']) {
      expect(read(name, wrong)).toMatch(new RegExp(`^expected a .*number from ${least} to ${most}$`));
    }
  });

  it(isWhole ? 'has no fraction' : 'may have a fraction', () => {
    expect(read(name, '1.5')).toEqual(isWhole ? expect.stringContaining('whole number') : 1.5);
  });
});

it.each([
  ['DATABASE_URL', ['postgresql://host/database', 'postgres://u:p@host:5432/database?sslmode=require']],
  ['JWT_JWKS_URI', ['https://host/keys', 'http://host/keys']],
  ['PHONE_REGION', ['CN', 'GB', 'US']],
  ['LOG_LEVEL', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']],
  ['HOST', ['127.0.0.1', '::', 'localhost']],
  ['DATA_DIR', ['/var/lib/ringback', 'a folder with spaces']],
  ['SERVICE_HOTLINE', ['400-800-8888']],
  ['JWT_ISSUER', ['https://issuer/']],
  ['JWT_AUDIENCE', ['ringback']],
  ['JWT_USER_CLAIM', ['sub', 'user_id', 'https://app.example.com/user-id']],
  ['ASTERISK_WHISPER', ['custom/from-the-app', '/var/sounds/a.b_c&beep']],
  ['TWILIO_WHISPER', ['https://handler.twilio.com/twiml/EH1?a=b&c=d', `https://host/${'a'.repeat(387)}`]],
  ['TELNYX_WHISPER', ['https://host/a?b=c']],
  ['NO_PROXY', ['', '*', 'localhost, .svc.cluster.local *.example.com', '10.0.0.0/8,[fd00::]/8,fd00::/8,host:80']],
])('%s is read unchanged: %j', (name, texts) => {
  expect(texts.map((text) => read(name, text))).toEqual(texts);
});

it('several Asterisks have names and weights, and one may be without a name', () => {
  expect(read('ASTERISK_URL', 'http://a:8088, west*3=https://b/pbx')).toEqual([
    { provider: 'asterisk', url: 'http://a:8088', weight: 1 },
    { provider: 'asterisk@west', url: 'https://b/pbx', weight: 3 },
  ]);
});

it('ASTERISK_SHOWN_TO_CALLEE may have several numbers', () => {
  expect(read('ASTERISK_SHOWN_TO_CALLEE', '{caller}')).toEqual(['{caller}']);
  expect(read('ASTERISK_SHOWN_TO_CALLEE', '01052823298, 0{caller}')).toEqual(['01052823298', '0{caller}']);
});

it('each key of JWT_SECRET is read unchanged', () => {
  const keys = ['x'.repeat(32), '密'.repeat(11)];

  expect(read('JWT_SECRET', keys.join(','))).toEqual(keys);
});

it.each([
  ['DATABASE_URL', ['mysql://host/database', 'host:5432/database', 'somewhere'], 'postgresql:// or postgres://'],
  ['PUBLIC_URL', ['https://host?x=1', 'https://host/#y'], 'without \\? and #'],
  ['JWT_JWKS_URI', ['ftp://host/keys', '/keys'], 'https:// or http://'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', ['collector:4318', 'grpc://collector:4317', '/v1/traces'], 'https:// or http://'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', ['http://collector:4318?key=1'], 'without \\? and #'],
  ['OTEL_EXPORTER_OTLP_HEADERS', ['a', '=b', 'a=b,', 'a b=c', 'a=%zz'], 'name=value'],
  ['OTEL_EXPORTER_OTLP_HEADERS', ['a=%0d%0ab', 'a=密'], 'printable ASCII'],
  ['OTEL_TRACES_SAMPLER', ['always', 'jaeger_remote'], 'one of always_on, '],
  ['OTEL_TRACES_SAMPLER_ARG', ['-0.01', '1.01', 'half'], 'from 0 to 1'],
  ['SIMULATOR_URL', ['ws://host', 'host'], 'http:// or https://'],
  ['SIMULATOR_URL', ['http://host?x=1'], 'without \\? and #'],
  ['ASTERISK_URL', ['http://host:8088/?api_key=x', 'http://host/#y'], 'without \\? and #'],
  [
    'ASTERISK_URL',
    ['http://a,http://b', 'x=http://a,x=http://b', 'x=http://a,y=http://a'],
    'a name and a URL of its own',
  ],
  ['ASTERISK_URL', ['X=http://a', 'x*0=http://a', 'x=a:8088', 'x=http://a,'], 'http:// or https://'],
  ['TWILIO_URL', ['https://host?edge=dublin'], 'without \\? and #'],
  ['YUNTONGXUN_URL', ['https://host/#y'], 'without \\? and #'],
  ['SIMULATOR_TARGETS', ['http://host/hook,', 'http://host/hook,nowhere'], 'http:// or https://'],
  ['WEBHOOK_ALLOWED_RANGES', ['10.0.0', '10/8', 'fd00::/129', '10.0.0.0/8,', 'intranet'], 'ranges such as'],
  ['JWT_SECRET', ['x'.repeat(31), '密'.repeat(10), `${'x'.repeat(32)},y`], 'at least 32 bytes'],
  ['JWT_USER_CLAIM', [' sub', 'a"b', 'a\nb', '用户', 'x'.repeat(201)], 'a claim such as'],
  ['PHONE_REGION', ['cn', 'CHN', 'UK', '86'], 'two-letter country code'],
  ['LOG_LEVEL', ['loud', 'INFO'], 'one of trace, debug, info, warn, error, fatal, silent'],
  [
    'TRUST_PROXY',
    [
      'true',
      'yes',
      'True',
      '-1',
      '11',
      '99',
      '100',
      '1.5',
      '10.0.0',
      '0.0.0.0/0',
      '0.0.0.0/1,128.0.0.0/1',
      '10.0.0.0/8,::/0',
      '::ffff:0.0.0.0/96',
      '10.0.0.0/8,',
    ],
    'the number of reverse proxies in front, 1 to 10, or their addresses and ranges',
  ],
  [
    'CORS_ORIGINS',
    [
      '*',
      'null',
      'app.example.com',
      'https://app.example.com/',
      'https://a.example/x',
      'https://A.example',
      'file:///',
    ],
    'origins such as https://app.example.com',
  ],
  ['HTTPS_PROXY', ['socks5://host:1080', 'host:3128'], 'http:// or https://'],
  [
    'HTTPS_PROXY',
    ['http://host:3128/path', 'http://host:3128?x=1', 'http://host:3128/#y'],
    'without a path, \\? and #',
  ],
  ['HTTP_PROXY', ['http://user:100%@host:3128', 'http://us%er@host:3128'], 'written as %25'],
  ['NO_PROXY', ['10.0.0.0/99', 'example.com,10.0.0.0/8x', 'example.com/path'], 'ranges such as 10.0.0.0/8'],
  ['ROUTES', ['=twilio,+86=asterisk', '+86=twilio,US=twilio,+86138=asterisk'], 'the first route that fits decides'],
  ['ROUTES', ['+=twilio', '+0=twilio', '0=twilio'], 'routes such as'],
  ['TELNYX_ACCOUNT_SID', ['AC1', 'F5586561-8ff0-4291-a51b-c7dfe4139ff9', 'f5586561'], 'a UUID in lower case'],
  ['TELNYX_PUBLIC_KEY', ['a key', 'A'.repeat(44), `${'A'.repeat(42)}==`], 'base64 of 32 bytes'],
  ['TWILIO_SHARED_KEYS', ['a', `${'x'.repeat(16)},short`], 'at least 16 characters'],
  ['ASTERISK_USERNAME', ['ring\nback', 'ring\u0000back'], 'no line break'],
  ['ASTERISK_SHOWN_TO_CALLEE', ['{caller}\r\nx: y'], 'no line break'],
  ['ROUTES', ['+86=twilio,+86=asterisk', '=twilio,US=asterisk,=asterisk'], 'each prefix or country once'],
  ['ASTERISK_DIAL', ['=PJSIP/{nummer}', '=PJSIP/{digits', '+86=PJSIP/{rest}}@trunk'], 'no other text in braces'],
  ['ASTERISK_DIAL', ['=PJSIP/{digits},=PJSIP/{number}'], 'each prefix or country once'],
  ['TWILIO_SHOWN_TO_CALLEE', ['4155550100', '+14155550100,'], 'E.164'],
  ['ASTERISK_SHOWN_TO_CALLER', ['{calle}', '{}', '{number}'], 'no other text in braces than {caller}, {callee}'],
  ['ASTERISK_WHISPER', ['a,b', 'a)b', 'a^b', 'a&', 'https://host/a', 'a b', '${X}'], 'names of sounds'],
  ['TWILIO_WHISPER', ['EH1', 'ftp://host/a'], 'https:// or http://'],
  ['TWILIO_WHISPER', [`https://host/${'a'.repeat(388)}`, `https://host/?${'&'.repeat(80)}`], 'at most 400 characters'],
  ['TWILIO_SHOWN_TO_CALLER', ['4155550100', '+14155550100,'], 'E.164'],
  ['SIGNALWIRE_WHISPER', ['https://user:secret@host/a'], 'without a user in it'],
  ['HOST', ['  '], 'some text'],
  ['DATA_DIR', ['  '], 'some text'],
  ['SERVICE_HOTLINE', ['  '], 'some text'],
  [
    'SIMULATOR_WEBHOOK_SECRETS',
    [
      secret(23),
      secret(65),
      secret(24).slice(6),
      `${secret(24)},`,
      'whsec_not base64 at all, though it is long enough',
    ],
    'whsec_ and 24 to 64 bytes in base64',
  ],
])('%s is refused: %j', (name, texts, expected) => {
  for (const text of texts) expect(read(name, text)).toMatch(new RegExp(`^expected .*${expected}`));
});

it('TRUST_PROXY is a number of proxies or their addresses, and the former `false` is none', () => {
  expect(['0', '1', '10', 'false'].map((text) => read('TRUST_PROXY', text))).toEqual([0, 1, 10, 0]);
  expect(read('TRUST_PROXY', '10.0.0.0/8, fd00::/8')).toEqual([
    [expect.objectContaining({ octets: [10, 0, 0, 0] }), 8],
    [expect.objectContaining({ parts: [0xfd00, 0, 0, 0, 0, 0, 0, 0] }), 8],
  ]);
});

it.each(['TRUST_PROXY', 'WEBHOOK_ALLOWED_RANGES', 'YUNTONGXUN_ALLOWED_ADDRESSES'])(
  '%s reads a single address as a range of one, and IPv4-mapped IPv6 as IPv4',
  (name) => {
    expect(read(name, '10.0.0.1,::1,::ffff:10.0.0.2,::ffff:10.0.0.0/104')).toEqual([
      [expect.objectContaining({ octets: [10, 0, 0, 1] }), 32],
      [expect.objectContaining({ parts: [0, 0, 0, 0, 0, 0, 0, 1] }), 128],
      [expect.objectContaining({ octets: [10, 0, 0, 2] }), 32],
      [expect.objectContaining({ octets: [10, 0, 0, 0] }), 8],
    ]);
  },
);

it('TRUST_PROXY has an error of its own only for the former `true`', () => {
  expect(read('TRUST_PROXY', 'true')).toContain('`true` is no longer accepted');
  expect(read('TRUST_PROXY', 'yes')).not.toContain('`true`');
});

it('headers for the collector are decoded', () => {
  expect(read('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20key, x-tenant=a=b')).toEqual({
    authorization: 'Bearer key',
    'x-tenant': 'a=b',
  });
});

it('lists are separated by a comma, with or without a blank', () => {
  expect(read('CORS_ORIGINS', 'https://a.example, http://b.example:8080')).toEqual([
    'https://a.example',
    'http://b.example:8080',
  ]);
  expect(read('SIMULATOR_WEBHOOK_SECRETS', `${secret(24)}, ${secret(64)}`)).toEqual([secret(24), secret(64)]);
  expect(read('SIMULATOR_TARGETS', 'http://one/hook,http://two/hook')).toEqual(['http://one/hook', 'http://two/hook']);
});

describe('a secret with a line break or blanks around it, as in files and Kubernetes secrets', () => {
  const GOOD: Readonly<Record<string, string>> = {
    JWT_SECRET: 'x'.repeat(32),
    DATABASE_URL: 'postgresql://user:password@host/database',
    DATABASE_DIRECT_URL: 'postgresql://user:password@host/database',
    SUB_ACCOUNT_KEYS: `name:${Buffer.alloc(32, 'k').toString('base64')}`,
    SIMULATOR_WEBHOOK_SECRETS: secret(24),
    OIDC_CLIENT_SECRET: 'a secret',
    ASTERISK_PASSWORD: 'a password',
    TWILIO_AUTH_TOKEN: 'a token',
    TWILIO_SHARED_KEYS: 'a key of some length, another key of some length',
    TELNYX_API_KEY: 'a key',
    SIGNALWIRE_API_TOKEN: 'a token',
    SIGNALWIRE_SIGNING_KEY: 'a key of some length',
    YUNTONGXUN_AUTH_TOKEN: 'a token',
    YUNTONGXUN_WEBHOOK_TOKEN: 'w'.repeat(22),
    HTTPS_PROXY: 'http://user:password@proxy.example.com:3128',
    HTTP_PROXY: 'http://user:password@proxy.example.com:3128',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20key',
    JWT_ISSUER: 'https://id.example.com/',
    JWT_AUDIENCE: 'ringback',
  };
  const names = Object.values<Setting<unknown>>(SETTINGS)
    .filter(({ isSecret }) => isSecret)
    .map(({ name }) => name);

  it.each(names)('is either refused or read without them: %s', (name) => {
    const good = GOOD[name]!;
    const plain = inspect(read(name, good));

    for (const written of [`${good}\n`, `${good}\r\n`, ` ${good}`, `${good}\t`, `\n${good} \n`]) {
      const outcome = read(name, written);
      if (typeof outcome === 'string' && outcome.startsWith('expected')) expect(outcome).not.toContain(good);
      else expect(inspect(outcome)).toBe(plain);
    }
  });

  it.each([
    'JWT_SECRET',
    'JWT_ISSUER',
    'JWT_AUDIENCE',
    'ASTERISK_PASSWORD',
    'TWILIO_AUTH_TOKEN',
    'YUNTONGXUN_AUTH_TOKEN',
  ])('is refused: %s', (name) => {
    for (const written of [`${GOOD[name]!}\n`, ` ${GOOD[name]!}`, ' '.repeat(40)]) {
      expect(read(name, written)).toBe('expected no blank or line break at its beginning or end');
    }
  });
});
