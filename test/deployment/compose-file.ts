/** docker-compose.yml as Compose reads it: anchors are merged, and variables are replaced. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from './repository.js';

export interface ComposeService {
  readonly image?: string;
  readonly build?: string;
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly logging?: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
  readonly mem_limit?: string;
  readonly pids_limit?: number;
}

type ServiceName = 'postgres' | 'migrate' | 'ringback' | 'asterisk' | 'prometheus' | 'grafana';

export interface ComposeFile {
  readonly services: Readonly<Record<ServiceName, ComposeService>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?error}`, the forms of the Compose Specification that we use. */
const VARIABLE = /\$\{(?<name>\w+)(?::(?<operator>[-?])(?<word>[^}]*))?\}/g;

export interface ComposeVariable {
  readonly name: string;
  readonly isRequired: boolean;
}

export const composeVariables = (text: string): ComposeVariable[] =>
  [...text.matchAll(VARIABLE)].map(({ groups }) => ({ name: groups!.name!, isRequired: groups!.operator === '?' }));

export const interpolate = (text: string, environment: Readonly<Record<string, string>>): string =>
  text.replace(VARIABLE, (_, name: string, operator: string | undefined, word: string | undefined) => {
    const value = environment[name];
    if (!value && operator === '?') throw new Error(`required variable ${name} is missing a value: ${word ?? ''}`);
    return value || (operator === '-' ? (word ?? '') : '');
  });

export const readComposeText = (): Promise<string> => readFile(join(REPOSITORY, 'docker-compose.yml'), 'utf8');

/** Replaces the variables if an environment is given. */
export const readComposeFile = async (environment?: Readonly<Record<string, string>>): Promise<ComposeFile> => {
  const file = parse(await readComposeText(), { merge: true }) as ComposeFile;
  if (!environment) return file;
  // Variables are replaced after parsing, as Compose does: an empty variable is an empty string and not YAML's null.
  return JSON.parse(JSON.stringify(file), (_, value: unknown) =>
    typeof value === 'string' ? interpolate(value, environment) : value,
  ) as ComposeFile;
};
