import { PROVIDERS } from './provider-settings.js';
import { fileVariableOf, readSecretFiles } from './secret-files.js';
import type { Setting } from './setting.js';
import { SETTINGS, type Settings } from './settings.js';
import { unknownNames, type UnknownName } from './unknown-names.js';

export type Config = Settings & {
  /** The settings that an operator may see, by variable: the text in use; for a secret, only that it is set. */
  readonly shown: Readonly<Record<string, string>>;
  /** Variables that look like settings but are not. */
  readonly unknown: readonly UnknownName[];
};

/** Injection token of the frozen Config. */
export const CONFIG = Symbol('Config');

/** All faults of the environment in one error, so that an operator can fix them together. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** The settings of the separate simulator program. Its secrets must match those of the service. */
export type SimulatorConfig = Config & {
  readonly simulatorWebhookSecrets: NonNullable<Config['simulatorWebhookSecrets']>;
};

/** The settings for migrations, which need no keys of the service. */
export type MigrationConfig = Config & { readonly databaseUrl: NonNullable<Config['databaseUrl']> };

/** The URL for connections that need a session of their own: the change feed, the job queue, migrations. */
export const directUrlOf = (config: Pick<Config, 'databaseUrl' | 'databaseDirectUrl'>): string =>
  config.databaseDirectUrl ?? config.databaseUrl ?? '';

/** The setting that an error about a database URL refers to. */
export type DatabaseSetting = 'DATABASE_URL' | 'DATABASE_DIRECT_URL';

export const directSettingOf = ({ databaseDirectUrl }: Pick<Config, 'databaseDirectUrl'>): DatabaseSetting =>
  databaseDirectUrl ? 'DATABASE_DIRECT_URL' : 'DATABASE_URL';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether a variable is set, with a valid or invalid value, so that missing and invalid settings are reported together.
 */
type IsSet = (setting: Setting<unknown>) => boolean;

/**
 * Validates and freezes the settings. A problem names its variable and never repeats the value, which may be a secret.
 * @throws ConfigError with all problems
 */
export const readConfig = (environment: Environment): Config => read(environment, contradictions);

/** @throws ConfigError with every problem found. */
export const readSimulatorConfig = (environment: Environment): SimulatorConfig =>
  read(environment, simulatorContradictions) as SimulatorConfig;

/** @throws ConfigError with every problem found. */
export const readMigrationConfig = (environment: Environment): MigrationConfig =>
  read(environment, migrationContradictions) as MigrationConfig;

const ALL = Object.values<Setting<unknown>>(SETTINGS);

const KNOWN = ALL.flatMap((setting) => [setting.name, ...(setting.isSecret ? [fileVariableOf(setting)] : [])]);

const read = (given: Environment, contradictionsOf: (isSet: IsSet, config: Config) => readonly string[]): Config => {
  const { environment, problems: fileProblems } = readSecretFiles(given, ALL);
  const problems = [...fileProblems];
  const entries = Object.entries<Setting<unknown>>(SETTINGS).map(([key, setting]) => {
    try {
      return [key, setting.parse(readable(environment[setting.name]) || setting.defaultText)];
    } catch (error) {
      const variable = given[setting.name] ? setting.name : fileVariableOf(setting);
      problems.push(`${variable}: ${(error as Error).message}`);
      return [key, undefined];
    }
  });
  const set = Object.keys(given).filter((name) => given[name]);
  const config = Object.freeze({
    ...(Object.fromEntries(entries) as Settings),
    shown: Object.freeze(Object.fromEntries(ALL.map(shownOf(environment)))),
    unknown: Object.freeze(unknownNames(set, KNOWN)),
  });
  problems.push(
    ...contradictionsOf((setting) => Boolean(given[setting.name] || given[fileVariableOf(setting)]), config),
  );
  if (problems.length > 0) throw new ConfigError([...problems, ...config.unknown.map(toldOf)]);
  return config;
};

/** Node decodes invalid UTF-8 to U+FFFD, so two different secrets of random bytes would be equal. */
const readable = (value = ''): string => {
  if (value.includes('\uFFFD')) throw new Error('expected text in UTF-8; write random bytes in hex or base64');
  return value;
};

const toldOf = ({ name, meant }: UnknownName): string =>
  `${name}: not a setting of Ringback${meant ? `; ${meant} is one` : ''}`;

const shownOf =
  (environment: Environment) =>
  ({ name, defaultText, isSecret }: Setting<unknown>): [string, string] => {
    const text = environment[name] || defaultText;
    if (isSecret && text !== '') return [name, '(set)'];
    // Some services have a key in the query.
    return [name, /^\s*https?:/i.test(text) ? text.replace(/\?.*/s, '?(set)') : text];
  };

const contradictions = (isSet: IsSet, config: Config): string[] => {
  const { databaseUrl, jwtSecrets, jwtJwksUri, jwtAudience, subAccountKeys, simulatorUrl, simulatorWebhookSecrets } =
    SETTINGS;
  const problems: string[] = [];
  if (isSet(SETTINGS.databaseDirectUrl) && !isSet(databaseUrl)) {
    problems.push(
      'DATABASE_URL: required when DATABASE_DIRECT_URL is set, which bypasses a pooler in front of the same database',
    );
  }
  if (isSet(jwtSecrets) && isSet(jwtJwksUri)) {
    problems.push('JWT_SECRET, JWT_JWKS_URI: set one of the two, not both');
  }
  if (isSet(jwtJwksUri) && !isSet(jwtAudience)) {
    problems.push(
      'JWT_AUDIENCE: required when JWT_JWKS_URI is set, or tokens for other services would be accepted here',
    );
  }
  if (isSet(SETTINGS.oidcIssuer) !== isSet(SETTINGS.oidcClientId)) {
    problems.push('OIDC_ISSUER, OIDC_CLIENT_ID: set both or neither');
  }
  if (isSet(SETTINGS.oidcIssuer) && !isSet(jwtJwksUri)) {
    problems.push('JWT_JWKS_URI: required when OIDC_ISSUER is set, or its access tokens could not be verified');
  }
  if (isSet(databaseUrl) && !isSet(jwtSecrets) && !isSet(jwtJwksUri)) {
    problems.push('JWT_SECRET: required when DATABASE_URL is set (or set JWT_JWKS_URI instead)');
  }
  if (isSet(databaseUrl) && !isSet(subAccountKeys)) {
    problems.push('SUB_ACCOUNT_KEYS: required when DATABASE_URL is set');
  }
  if (isSet(simulatorUrl) && !isSet(simulatorWebhookSecrets)) {
    problems.push('SIMULATOR_WEBHOOK_SECRETS: required when SIMULATOR_URL is set, the same as those of the simulator');
  }
  if (config.adminPort !== undefined && config.adminPort !== 0 && config.adminPort === config.port) {
    problems.push('ADMIN_PORT: must not be the same as PORT');
  }
  for (const [name, port] of [
    ['PORT', config.port],
    ['ADMIN_PORT', config.adminPort],
  ] as const) {
    if (port !== undefined && port !== 0 && port === config.metricsPort) {
      problems.push(`METRICS_PORT: must not be the same as ${name}`);
    }
  }
  if (hasPrefixTwice(config)) {
    problems.push('ALLOWED_PREFIXES, REFUSED_PREFIXES: expected no prefix in both');
  }
  const unreachable = (config.routes ?? []).map(({ to }) => to).filter((to) => isBarred(to, config));
  if (unreachable.length > 0) {
    problems.push(`ALLOWED_COUNTRIES: ROUTES leads to ${unreachable.join(', ')}, but no number there may be called`);
  }
  problems.push(...timeContradictions(isSet, config));
  const turnedOn = Object.entries(PROVIDERS).filter(([, { key }]) => isSet(key));
  if (isSet(databaseUrl) && turnedOn.length === 0 && !config.simulator) {
    const keys = Object.values(PROVIDERS).map(({ key }) => key.name);
    problems.push(
      `SIMULATOR: no provider is set (${keys.join(', ')}); with true the simulator carries calls, and no phone rings`,
    );
  }
  for (const [, { key, needed }] of turnedOn) {
    const missing = needed.filter((setting) => !isSet(setting));
    problems.push(...missing.map(({ name }) => `${name}: required when ${key.name} is set`));
  }
  const kinds = turnedOn.length > 0 ? turnedOn.map(([name]) => name) : ['simulator'];
  const running = [...new Set([...kinds, ...(config.asterisks ?? []).map(({ provider }) => provider)])];
  const astray = (config.routes ?? []).flatMap(({ providers }) => providers).filter((name) => !running.includes(name));
  if (astray.length > 0) {
    problems.push(`ROUTES: of its providers only these are configured: ${running.join(', ')}`);
  }
  return problems;
};

/** The lists are undefined if they could not be read. */
const hasPrefixTwice = ({ allowedPrefixes, refusedPrefixes }: Partial<Config>): boolean =>
  allowedPrefixes?.some((prefix) => refusedPrefixes?.includes(prefix)) ?? false;

/** @param to of a route */
const isBarred = (to: string, { allowedCountries, phoneRegion }: Config): boolean =>
  /^[A-Z]/.test(to) && allowedCountries !== null && !(allowedCountries ?? [phoneRegion]).includes(to);

const timeContradictions = (isSet: IsSet, config: Config): string[] => [
  ...confirmTooLong(config),
  ...timesTooLong(isSet, config),
];

/** The prompt itself takes some seconds. */
const PROMPT_SECONDS = 10;

const confirmTooLong = ({ confirmCallerSeconds, ringCallerSeconds, longestRequestedSeconds }: Config): string[] =>
  confirmCallerSeconds !== undefined &&
  ringCallerSeconds + confirmCallerSeconds + PROMPT_SECONDS >= longestRequestedSeconds
    ? [
        `CONFIRM_CALLER: with RING_CALLER and ${PROMPT_SECONDS} s for the prompt, must be less than LONGEST_REQUESTED (${longestRequestedSeconds})`,
      ]
    : [];

const timesTooLong = (isSet: IsSet, config: Config): string[] =>
  SHORTER_AND_LONGER.flatMap(([shorter, longer]) => {
    // Undefined if unset, or if it could not be read.
    const [short = NaN, long] = [config[shorter], config[longer]];
    if (!(short >= long) || !(isSet(SETTINGS[shorter]) || isSet(SETTINGS[longer]))) return [];
    return `${SETTINGS[shorter].name}: must be less than ${SETTINGS[longer].name}; they are ${short} and ${long}`;
  });

/** If a provider rings longer than the call may stay in its state, the call is closed while a phone still rings. */
const SHORTER_AND_LONGER = [
  ['ringCallerSeconds', 'longestRequestedSeconds'],
  ['ringCalleeSeconds', 'longestRingingSeconds'],
  ['talkWarningSeconds', 'longestTalkSeconds'],
] as const;

const simulatorContradictions = (isSet: IsSet): string[] =>
  isSet(SETTINGS.simulatorWebhookSecrets)
    ? []
    : ['SIMULATOR_WEBHOOK_SECRETS: required by the simulator, the same as those of the service'];

const migrationContradictions = (isSet: IsSet): string[] =>
  isSet(SETTINGS.databaseUrl) ? [] : ['DATABASE_URL: required; the embedded default migrates when it starts'];
