import { readConfig, type ConfigError } from '../../src/config/config.js';

const DATABASE = { DATABASE_URL: 'postgresql://user:password@host/database', SIMULATOR: 'true' };

const unknownOf = (...names: string[]): readonly unknown[] =>
  readConfig(Object.fromEntries(names.map((name) => [name, 'x']))).unknown;

describe('a variable that is no setting', () => {
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
  ])('is named with what it may have meant: %s', (name, meant) => {
    expect(unknownOf(name)).toEqual([{ name, meant }]);
  });

  it('is named alone where it is of a group of settings and near to none', () => {
    expect(unknownOf('TWILIO_STUDIO_FLOW_NAME')).toEqual([{ name: 'TWILIO_STUDIO_FLOW_NAME' }]);
  });

  it('belongs to another program otherwise', () => {
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
      // As Kubernetes tells of a service called asterisk.
      ...['ASTERISK_SERVICE_HOST', 'ASTERISK_SERVICE_PORT_HTTP', 'ASTERISK_PORT', 'ASTERISK_PORT_8088_TCP_ADDR'],
    ];

    expect(unknownOf(...others)).toEqual([]);
  });

  it('is nothing where it is empty', () => {
    expect(readConfig({ LOGLEVEL: '' }).unknown).toEqual([]);
  });

  it('is named beside what is missing, for it may be the reason', () => {
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
