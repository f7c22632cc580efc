import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig, readMigrationConfig, type ConfigError } from '../../src/config/config.js';
import type { Setting } from '../../src/config/setting.js';
import { SETTINGS } from '../../src/config/settings.js';

const KEY = 'a key of 32 bytes or more: for the tests';
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(24).toString('base64')}`;

/** A valid value of each secret, by its variable. */
const SECRETS: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgresql://user:password@host/database',
  DATABASE_DIRECT_URL: 'postgresql://user:password@host:5433/database',
  JWT_SECRET: KEY,
  OIDC_CLIENT_SECRET: 'a secret',
  SUB_ACCOUNT_KEYS: `name:${Buffer.alloc(32).toString('base64')}`,
  SIMULATOR_WEBHOOK_SECRETS: WEBHOOK_SECRET,
  ASTERISK_PASSWORD: 'a password',
  TWILIO_AUTH_TOKEN: 'a token',
  TWILIO_SHARED_KEYS: 'a key of some length,another key of some length',
  TELNYX_API_KEY: 'a key',
  SIGNALWIRE_API_TOKEN: 'a token',
  SIGNALWIRE_SIGNING_KEY: 'a key of some length',
  YUNTONGXUN_AUTH_TOKEN: 'a token',
  YUNTONGXUN_WEBHOOK_TOKEN: 'w'.repeat(22),
  HTTPS_PROXY: 'http://user:password@proxy:3128',
  HTTP_PROXY: 'http://user:password@proxy:3128',
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20key',
};

/** Settings that all of them need. */
const REST = { SIMULATOR: 'true' };

const problemsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig({ ...REST, ...environment });
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
};

describe('a secret in a file', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringback secrets '));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const file = (name: string, content: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it('is possible for every secret setting', () => {
    const names = Object.values<Setting<unknown>>(SETTINGS)
      .filter(({ isSecret }) => isSecret)
      .map(({ name }) => name);

    expect(names.sort()).toEqual(Object.keys(SECRETS).sort());
  });

  it.each(['', '\n', '\r\n'])('is equal to the variable, with %j at the file’s end', (end) => {
    const files = Object.entries(SECRETS).map(([name, secret]) => [`${name}_FILE`, file(name, `${secret}${end}`)]);

    const config = readConfig({ ...REST, ...(Object.fromEntries(files) as Record<string, string>) });

    const written = readConfig({ ...REST, ...SECRETS });
    expect(JSON.stringify(config)).toBe(JSON.stringify(written));
    expect(config.unknown).toEqual([]);
  });

  it('counts as set for the rules of other settings', () => {
    const DATABASE_URL_FILE = file('url', SECRETS.DATABASE_URL!);

    expect(problemsOf({ DATABASE_URL_FILE })).toEqual([
      expect.stringMatching(/^JWT_SECRET: required/),
      expect.stringMatching(/^SUB_ACCOUNT_KEYS: required/),
    ]);
    expect(readMigrationConfig({ DATABASE_URL_FILE }).databaseUrl).toBe(SECRETS.DATABASE_URL);
  });

  it('is refused together with the variable', () => {
    expect(problemsOf({ JWT_SECRET: KEY, JWT_SECRET_FILE: file('both', KEY) })).toEqual([
      'JWT_SECRET, JWT_SECRET_FILE: set one of the two, not both',
    ]);
  });

  it.each([
    ['missing', (): string => join(folder, 'nowhere'), 'the file cannot be read (ENOENT)'],
    ['a folder', (): string => folder, 'the file is not a regular file'],
    ['a device that never ends', (): string => '/dev/zero', 'the file is not a regular file'],
    ['another file', (): string => file('large', 'x'.repeat(1024 * 1024 + 1)), 'the file has more than 1 MB'],
    ['empty', (): string => file('empty', '\n'), 'the file is empty'],
    [
      'not text',
      (): string => file('bytes', Buffer.alloc(40, 0xff)),
      'the file is not UTF-8 text; write random bytes in hex or base64',
    ],
  ])('is refused when the file is %s', (_what, path, problem) => {
    expect(problemsOf({ JWT_SECRET_FILE: path() })).toEqual([`JWT_SECRET_FILE: ${problem}`]);
  });

  it.each(['JWT_SECRET', 'DATABASE_URL', 'YUNTONGXUN_AUTH_TOKEN'])(
    'is refused in the variable %s too, when it was not UTF-8 and has replacement characters',
    (name) => {
      const value = name === 'DATABASE_URL' ? 'postgresql://user:\uFFFD\uFFFD@host/database' : '\uFFFD'.repeat(11);

      expect(problemsOf({ [name]: value })).toContain(
        `${name}: expected text in UTF-8; write random bytes in hex or base64`,
      );
    },
  );

  it('is refused with the name of its file variable, without its value', () => {
    expect(problemsOf({ JWT_SECRET_FILE: file('short', 'swordfish') })).toEqual([
      'JWT_SECRET_FILE: expected at least 32 bytes each, comma-separated',
    ]);
  });
});
