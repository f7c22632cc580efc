/** Ringback as it is deployed, and those that it is held against; each on the measured core, with a database of its own. */
import { fileURLToPath } from 'node:url';
import type { Database, Databases } from './databases.js';
import { JWT_SECRET, SUB_ACCOUNT_KEYS, WEBHOOK_SECRET } from './given.js';
import { ON_MEASURED_CORE } from './machine.js';
import { startProgram, type Program } from './program.js';

/** Where a work is done. */
export interface Place {
  readonly databases: Databases;
  readonly folder: string;
  /** Where V8 leaves a profile of our service, where one is wanted. */
  readonly profileTo: string | undefined;
  /** Has what was started ended with the work, be it done or not. */
  started(program: Pick<Program, 'stop'>): void;
}

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const PROGRAMS = {
  'bare Fastify': './programs/bare-fastify.js',
  'Fastify and pg': './programs/fastify-and-pg.js',
  'NestJS on Express': './programs/nest-and-express.js',
  'the load’s ceiling': './programs/constant-answer.js',
} as const;

export type ContenderName = 'Ringback' | keyof typeof PROGRAMS | 'the provider alone';

export interface Contender extends Program {
  readonly name: ContenderName;
  readonly database: Database;
}

interface ServiceToStart {
  readonly database: Database;
  readonly providerUrl: string;
  /** A command that runs the rest of its line. */
  readonly launcher: readonly string[];
}

export const startProvider = async ({ folder, started }: Place): Promise<Program> => {
  const provider = await startProgram({ name: 'provider', line: [fileOf('./programs/provider.js')], folder });
  started(provider);
  return provider;
};

/** Ringback, with nothing set but what it needs. */
export const startService = async (
  { folder, profileTo, started }: Place,
  { database, providerUrl, launcher }: ServiceToStart,
): Promise<Program> => {
  const profiling = profileTo === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileTo}`];
  const service = await startProgram({
    name: 'ringback',
    folder,
    launcher,
    line: [...profiling, fileOf('../../../src/main.js')],
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
  started(service);
  return service;
};

/** @returns those named, running */
export const startContenders = async (place: Place, names: readonly ContenderName[]): Promise<readonly Contender[]> => {
  const provider = await startProvider(place);
  const contenders: Contender[] = [];
  for (const name of names) {
    const database = await place.databases.create(name.toLowerCase().replaceAll(/[^a-z]+/g, '_'));
    contenders.push({ ...(await startContender(place, { name, database, provider })), name, database });
  }
  return contenders;
};

interface ContenderToStart {
  readonly name: ContenderName;
  readonly database: Database;
  readonly provider: Program;
}

const startContender = async (place: Place, { name, database, provider }: ContenderToStart): Promise<Program> => {
  if (name === 'the provider alone') return provider;
  if (name === 'Ringback') {
    return startService(place, { database, providerUrl: provider.url, launcher: ON_MEASURED_CORE });
  }
  const given = JSON.stringify({ databaseUrl: database.url, providerUrl: provider.url });
  const program = await startProgram({
    name: name.toLowerCase().replaceAll(/[^a-z]+/g, '-'),
    folder: place.folder,
    launcher: ON_MEASURED_CORE,
    line: [fileOf(PROGRAMS[name]), given],
  });
  place.started(program);
  return program;
};
