/**
 * Reads secrets from files, as Docker and Kubernetes mount them: `JWT_SECRET_FILE=/run/secrets/jwt` instead of
 * JWT_SECRET, and so for every secret.
 */
import type { Setting } from './setting.js';
import { readSmallFile } from './small-file.js';

type Environment = Readonly<Record<string, string | undefined>>;

export const fileVariableOf = ({ name }: Setting<unknown>): string => `${name}_FILE`;

/** @returns null for invalid UTF-8, which would otherwise all become the same character */
export const textOf = (bytes: Buffer): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
};

/**
 * @param settings of which only the secret ones may be in files
 * @returns the environment including the files' contents, and the faults of the files, without their content
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
      const content = textOf(readSmallFile(path));
      // Editors and `echo` end a file with a line break.
      read[setting.name] = content?.replace(/[\r\n]+$/, '') ?? '';
      if (content === null)
        problems.push(`${variable}: the file is not UTF-8 text; write random bytes in hex or base64`);
      else if (read[setting.name] === '') problems.push(`${variable}: the file is empty`);
    } catch (error) {
      problems.push(`${variable}: the file ${(error as Error).message}`);
    }
  }
  return { environment: { ...environment, ...read }, problems };
};
