/** Ringback as deployed, and the programs that it is compared with. Each runs on the measured core with its own database. */
import { fileURLToPath } from 'node:url';
import type { Database } from './databases.js';
import { POOL_SIZE } from './given.js';
import { ON_MEASURED_CORE } from './machine.js';
import type { Place } from './place.js';
import { startProgram, type Program } from './program.js';
import { startProvider, startService } from './service.js';

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

/** Settings of a work that replace the defaults. */
export interface Tuning {
  /** Pool size of the programs that are compared with Ringback. */
  readonly poolSize: number;
  /** Environment variables of Ringback. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The pool size is Ringback's default. */
const DEFAULTS: Tuning = { poolSize: POOL_SIZE, settings: {} };

/** @returns the named contenders, running */
export const startContenders = async (
  place: Place,
  names: readonly ContenderName[],
  tuning = DEFAULTS,
): Promise<readonly Contender[]> => {
  const provider = await startProvider(place);
  const contenders: Contender[] = [];
  for (const name of names) {
    const database = await place.databases.create(name.toLowerCase().replaceAll(/[^a-z]+/g, '_'));
    contenders.push({ ...(await startContender(place, { name, database, provider, tuning })), name, database });
  }
  return contenders;
};

interface ContenderToStart {
  readonly name: ContenderName;
  readonly database: Database;
  readonly provider: Program;
  readonly tuning: Tuning;
}

const startContender = async (
  place: Place,
  { name, database, provider, tuning }: ContenderToStart,
): Promise<Program> => {
  if (name === 'the provider alone') return provider;
  if (name === 'Ringback') {
    const { settings } = tuning;
    return startService(place, { database, providerUrl: provider.url, launcher: ON_MEASURED_CORE, settings });
  }
  const given = JSON.stringify({
    databaseUrl: database.url,
    providerUrl: provider.url,
    poolSize: tuning.poolSize,
  });
  const program = await startProgram({
    name: name.toLowerCase().replaceAll(/[^a-z]+/g, '-'),
    folder: place.folder,
    launcher: ON_MEASURED_CORE,
    line: [fileOf(PROGRAMS[name]), given],
  });
  place.started(program);
  return program;
};
