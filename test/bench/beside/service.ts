/** Ringback as deployed, and its provider. */
import { fileURLToPath } from 'node:url';
import type { Database } from './databases.js';
import { JWT_SECRET, SUB_ACCOUNT_KEYS, WEBHOOK_SECRET } from './given.js';
import type { Place } from './place.js';
import { startProgram, type Program } from './program.js';

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Node options that make the service report its memory and resources. */
export const WITH_INSIDES = [
  '--expose-gc',
  // Counting objects is experimental.
  '--disable-warning=ExperimentalWarning',
  '--import',
  fileOf('./programs/insides.js'),
];

interface ServiceToStart {
  readonly database: Database;
  readonly providerUrl: string;
  /** A command prefix. */
  readonly launcher: readonly string[];
  readonly nodeOptions?: readonly string[];
  /** Settings of the work that replace the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts the service with only the required settings and those of the work. */
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
      // All calls of a work go to one number.
      CALLS_PER_CALLEE: 'off',
      ONE_CALL_PER_CALLEE: 'false',
      // Counted, but never reached: few users send all the requests.
      POLLS_PER_USER: '100000/1s',
      CANCELS_PER_USER: '100000/1s',
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
