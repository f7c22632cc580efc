/** Ringback as it is deployed. */
import { fileURLToPath } from 'node:url';
import type { Database } from './databases.js';
import { JWT_SECRET, SUB_ACCOUNT_KEYS, WEBHOOK_SECRET } from './given.js';
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
  readonly name: string;
  readonly folder: string;
  readonly database: Database;
  readonly providerUrl: string;
  readonly launcher?: readonly string[];
  readonly nodeOptions?: readonly string[];
}

export const startService = ({ database, providerUrl, nodeOptions = [], ...rest }: ServiceToStart): Promise<Program> =>
  startProgram({
    ...rest,
    line: [...nodeOptions, fileOf('../../../src/main.js')],
    environment: {
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: database.url,
      JWT_SECRET,
      SUB_ACCOUNT_KEYS,
      SIMULATOR_URL: providerUrl,
      SIMULATOR_WEBHOOK_SECRETS: WEBHOOK_SECRET,
    },
  });

export const startProvider = (folder: string): Promise<Program> =>
  startProgram({ name: 'provider', line: [fileOf('./programs/provider.js')], folder });
