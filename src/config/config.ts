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

/**
 * Checks and freezes the settings. A problem names its variable and never repeats the value, which may be a secret.
 * @throws ConfigError with every problem found.
 */
export const readConfig = (environment: Readonly<Record<string, string | undefined>>): Config => {
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
  if (problems.length === 0) problems.push(...contradictions(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
};

const contradictions = (config: Config): string[] => {
  const problems: string[] = [];
  if (config.jwtSecret && config.jwtJwksUri) {
    problems.push('JWT_SECRET, JWT_JWKS_URI: set one of the two, not both');
  }
  if (config.databaseUrl && !config.jwtSecret && !config.jwtJwksUri) {
    problems.push('JWT_SECRET: required when DATABASE_URL is set (or set JWT_JWKS_URI instead)');
  }
  return problems;
};
