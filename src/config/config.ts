import { getConfigToken } from '@nestjs/config';
import { SETTINGS, type Setting, type Settings } from './settings.js';

export type Config = Settings;

/** Injection token of the one frozen Config. */
export const CONFIG = getConfigToken('ringback');

/** Everything wrong with the environment, in one error: an operator should not have to find mistakes one at a time. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** What the simulator needs as a program of its own: its secrets must be those that the service knows. */
export type SimulatorConfig = Config & {
  readonly simulatorWebhookSecrets: NonNullable<Config['simulatorWebhookSecrets']>;
};

/** What migrating needs: whoever changes tables need not hold the keys of those who serve. */
export type MigrationConfig = Config & { readonly databaseUrl: NonNullable<Config['databaseUrl']> };

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a variable is set, be its value right or wrong: what is missing is told along with what is mistaken. */
type IsSet = (setting: Setting<unknown>) => boolean;

/**
 * Checks and freezes the settings. A problem names its variable and never repeats the value, which may be a secret.
 * @throws ConfigError with every problem found.
 */
export const readConfig = (environment: Environment): Config => read(environment, contradictions);

/** @throws ConfigError with every problem found. */
export const readSimulatorConfig = (environment: Environment): SimulatorConfig =>
  read(environment, simulatorContradictions) as SimulatorConfig;

/** @throws ConfigError with every problem found. */
export const readMigrationConfig = (environment: Environment): MigrationConfig =>
  read(environment, migrationContradictions) as MigrationConfig;

const read = (environment: Environment, contradictionsOf: (isSet: IsSet) => readonly string[]): Config => {
  const problems: string[] = [];
  const entries = Object.entries<Setting<unknown>>(SETTINGS).map(([key, setting]) => {
    try {
      return [key, setting.parse(environment[setting.name] || setting.defaultText)];
    } catch (error) {
      problems.push(`${setting.name}: ${(error as Error).message}`);
      return [key, undefined];
    }
  });
  const config = Object.freeze(Object.fromEntries(entries) as Config);
  problems.push(...contradictionsOf(({ name }) => Boolean(environment[name])));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
};

/** What each provider cannot do without, by the setting that turns it on. */
const NEEDED: readonly (readonly [Setting<unknown>, readonly Setting<unknown>[]])[] = [
  [SETTINGS.asteriskUrl, [SETTINGS.asteriskPassword]],
  [SETTINGS.twilioAccountSid, [SETTINGS.twilioAuthToken, SETTINGS.twilioCallerNumber, SETTINGS.publicUrl]],
  [
    SETTINGS.yuntongxunAccountSid,
    [SETTINGS.yuntongxunAuthToken, SETTINGS.yuntongxunAppId, SETTINGS.yuntongxunWebhookToken],
  ],
];

const contradictions = (isSet: IsSet): string[] => {
  const { databaseUrl, jwtSecret, jwtJwksUri, subAccountKeys, simulatorUrl, simulatorWebhookSecrets } = SETTINGS;
  const problems: string[] = [];
  if (isSet(jwtSecret) && isSet(jwtJwksUri)) {
    problems.push('JWT_SECRET, JWT_JWKS_URI: set one of the two, not both');
  }
  if (isSet(databaseUrl) && !isSet(jwtSecret) && !isSet(jwtJwksUri)) {
    problems.push('JWT_SECRET: required when DATABASE_URL is set (or set JWT_JWKS_URI instead)');
  }
  if (isSet(databaseUrl) && !isSet(subAccountKeys)) {
    problems.push('SUB_ACCOUNT_KEYS: required when DATABASE_URL is set');
  }
  if (isSet(simulatorUrl) && !isSet(simulatorWebhookSecrets)) {
    problems.push('SIMULATOR_WEBHOOK_SECRETS: required when SIMULATOR_URL is set, the same as over there');
  }
  for (const [provider, needed] of NEEDED) {
    if (!isSet(provider)) continue;
    const missing = needed.filter((setting) => !isSet(setting));
    problems.push(...missing.map(({ name }) => `${name}: required when ${provider.name} is set`));
  }
  return problems;
};

const simulatorContradictions = (isSet: IsSet): string[] =>
  isSet(SETTINGS.simulatorWebhookSecrets)
    ? []
    : ['SIMULATOR_WEBHOOK_SECRETS: required by the simulator, the same as those of the service'];

const migrationContradictions = (isSet: IsSet): string[] =>
  isSet(SETTINGS.databaseUrl) ? [] : ['DATABASE_URL: required; the embedded default migrates when it starts'];
