/** Ringback as it is deployed, and the provider that it dials at. */
import { fileURLToPath } from 'node:url';
import type { Database } from './databases.js';
import { JWT_SECRET, SUB_ACCOUNT_KEYS, WEBHOOK_SECRET } from './given.js';
import type { Place } from './place.js';
import { startProgram, type Program } from './program.js';

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** For Node, so that the service can be asked for its insides. */
export const WITH_INSIDES = [
  '--expose-gc',
  // Counting objects is one.
  '--disable-warning=ExperimentalWarning',
  '--import',
  fileOf('./programs/insides.js'),
];

interface ServiceToStart {
  readonly database: Database;
  readonly providerUrl: string;
  /** A command that runs the rest of its line. */
  readonly launcher: readonly string[];
  readonly nodeOptions?: readonly string[];
  /** What the work needs in place of the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** With nothing set but what it and the work need. */
export const startService = async (
  { folder, profileTo, started }: Place,
  { database, providerUrl, launcher, nodeOptions = [], settings }: ServiceToStart,
): Promise<Program> => {
  const profiling = profileTo === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileTo}`];
  const service = await startProgram({
    name: 'ringback',
    folder,
    launcher,
    line: [...profiling, ...nodeOptions, fileOf('../../../src/main.js')],
    environment: {
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: database.url,
      JWT_SECRET,
      SUB_ACCOUNT_KEYS,
      SIMULATOR: 'true',
      DRAIN_SECONDS: '0',
      SIMULATOR_URL: providerUrl,
      SIMULATOR_WEBHOOK_SECRETS: WEBHOOK_SECRET,
      ...settings,
    },
  });
  started(service);
  return service;
};

export const startProvider = async ({ folder, started }: Place): Promise<Program> => {
  const provider = await startProgram({ name: 'provider', line: [fileOf('./programs/provider.js')], folder });
  started(provider);
  return provider;
};
