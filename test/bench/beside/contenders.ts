/** Ringback as it is deployed, and those that it is held against; each on the measured core, with a database of its own. */
import { fileURLToPath } from 'node:url';
import type { Database } from './databases.js';
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
