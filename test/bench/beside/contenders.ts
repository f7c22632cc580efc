/** Ringback as it is deployed, and those that it is held against; each on the measured core, with a database of its own. */
import { fileURLToPath } from 'node:url';
import type { Database, Databases } from './databases.js';
import { ON_MEASURED_CORE } from './machine.js';
import { startProgram, type Program } from './program.js';
import { startProvider, startService } from './service.js';

export type ContenderName = 'Ringback' | 'bare Fastify' | 'Fastify and pg' | 'NestJS on Express' | 'the provider alone';

export interface Contender extends Program {
  readonly name: ContenderName;
  readonly database: Database;
}

export interface Place {
  readonly databases: Databases;
  readonly folder: string;
  /** Where V8 leaves a profile of our service, where one is wanted. */
  readonly profileTo: string | undefined;
}

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const PROGRAMS = {
  'bare Fastify': './programs/bare-fastify.js',
  'Fastify and pg': './programs/fastify-and-pg.js',
  'NestJS on Express': './programs/nest-and-express.js',
} as const;

/** @returns all of them, running; the provider, which is no contender in most works, comes last */
export const startContenders = async (
  { databases, folder, profileTo }: Place,
  started: (program: Program) => void,
): Promise<readonly Contender[]> => {
  const provider = await startProvider(folder);
  started(provider);
  const pinned = { folder, launcher: ON_MEASURED_CORE };
  const ours = await databases.create('ringback_itself');
  const service = await startService({
    ...pinned,
    name: 'ringback',
    database: ours,
    providerUrl: provider.url,
    nodeOptions: profileTo === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileTo}`],
  });
  started(service);
  const contenders: Contender[] = [{ ...service, name: 'Ringback', database: ours }];
  for (const name of Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[]) {
    const shortName = name.toLowerCase().replaceAll(' ', '_');
    const database = await databases.create(shortName);
    const given = JSON.stringify({ databaseUrl: database.url, providerUrl: provider.url });
    const program = await startProgram({ ...pinned, name: shortName, line: [fileOf(PROGRAMS[name]), given] });
    started(program);
    contenders.push({ ...program, name, database });
  }
  return [...contenders, { ...provider, name: 'the provider alone', database: ours }];
};
