/** `JWT_SECRET_FILE=/run/secrets/jwt` instead of JWT_SECRET, and so for every secret: as Docker and Kubernetes mount them. */
import { readFileSync } from 'node:fs';
import type { Setting } from './setting.js';

type Environment = Readonly<Record<string, string | undefined>>;

export const fileVariableOf = ({ name }: Setting<unknown>): string => `${name}_FILE`;

/**
 * @param settings of which those that are secret may be in files
 * @returns the environment with the content of the files in it, and what is wrong with them: never with their content
 */
export const readSecretFiles = (
  environment: Environment,
  settings: readonly Setting<unknown>[],
): { readonly environment: Environment; readonly problems: readonly string[] } => {
  const problems: string[] = [];
  const read: Record<string, string> = {};
  for (const setting of settings.filter(({ isSecret }) => isSecret)) {
    const variable = fileVariableOf(setting);
    const path = environment[variable];
    if (!path) continue;
    if (environment[setting.name]) {
      problems.push(`${setting.name}, ${variable}: set one of the two, not both`);
      continue;
    }
    try {
      // Editors and `echo` end a file with a line break.
      read[setting.name] = readFileSync(path, 'utf8').replace(/[\r\n]+$/, '');
      if (read[setting.name] === '') problems.push(`${variable}: the file is empty`);
    } catch (error) {
      problems.push(
        `${variable}: the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      );
    }
  }
  return { environment: { ...environment, ...read }, problems };
};
