import { readConfig, type ConfigError } from '../../src/config/config.js';

const DATABASE = { DATABASE_URL: 'postgresql://user:password@host/database', SIMULATOR: 'true' };

const unknownOf = (...names: string[]): readonly unknown[] =>
  readConfig(Object.fromEntries(names.map((name) => [name, 'x']))).unknown;

describe('a variable that is not a setting', () => {
  it.each([
    ['LONGEST_RNGING', 'LONGEST_RINGING'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['SWEEP_EVRY', 'SWEEP_EVERY'],
    ['JWT_SECERT', 'JWT_SECRET'],
    ['JWT_SECRET_FIEL', 'JWT_SECRET_FILE'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['TWILIO_ACOUNT_SID', 'TWILIO_ACCOUNT_SID'],
    ['SUBACCOUNT_KEYS', 'SUB_ACCOUNT_KEYS'],
    ['ROUTE', 'ROUTES'],
    ['TRUST_PROXIES', 'TRUST_PROXY'],
    ['YUNTONGXUN_CALLS', 'YUNTONGXUN_CALLS_PER_SECOND'],
    ['Log_Level', 'LOG_LEVEL'],
    ['Port', 'PORT'],
  ])('is reported with a suggestion: %s', (name, meant) => {
    expect(unknownOf(name)).toEqual([{ name, meant }]);
  });

  it('is reported without a suggestion when it has only the prefix of a group of settings', () => {
    expect(unknownOf('TWILIO_STUDIO_FLOW_NAME')).toEqual([{ name: 'TWILIO_STUDIO_FLOW_NAME' }]);
  });

  it('is otherwise ignored, because it belongs to another program', () => {
    const others = [
      ...[
        'HOME',
        'HOSTNAME',
        'PATH',
        'USER',
        'LANG',
        'TZ',
        'TERM',
        'SHELL',
        'PWD',
        'TMPDIR',
        'NODE_ENV',
        'NODE_OPTIONS',
        'port',
        'https_proxy',
      ],
      ...['ALL_PROXY', 'FTP_PROXY', 'POSTGRES_PASSWORD', 'PGHOST', 'PGPORT', 'PUBLISH', 'CI', 'PORTS', 'MAIL', 'SHLVL'],
      ...[
        'npm_config_port',
        'npm_package_name',
        'LOGNAME',
        'XDG_DATA_DIRS',
        'KUBERNETES_PORT',
        'RINGBACK_SERVICE_HOST',
      ],
      // Variables that Kubernetes sets for a service called asterisk.
      ...['ASTERISK_SERVICE_HOST', 'ASTERISK_SERVICE_PORT_HTTP', 'ASTERISK_PORT', 'ASTERISK_PORT_8088_TCP_ADDR'],
    ];

    expect(unknownOf(...others)).toEqual([]);
  });

  it('is ignored when it is empty', () => {
    expect(readConfig({ LOGLEVEL: '' }).unknown).toEqual([]);
  });

  it('is reported together with missing settings, because it may be the cause', () => {
    let problems: readonly string[] = [];
    try {
      readConfig({
        ...DATABASE,
        JWT_SECERT: 'swordfish',
        SUB_ACCOUNT_KEYS: `a:${Buffer.alloc(32).toString('base64')}`,
      });
    } catch (error) {
      ({ problems } = error as ConfigError);
    }

    expect(problems).toEqual([
      expect.stringMatching(/^JWT_SECRET: required/),
      'JWT_SECERT: not a setting of Ringback; JWT_SECRET is one',
    ]);
  });
});
