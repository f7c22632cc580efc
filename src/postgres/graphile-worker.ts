/**
 * The library of the job queue, loaded so that it finds no configuration of its own: all settings are given in code. While it is loaded, it
 * searches the working folder and every folder above it for files such as `.config/graphile-workerrc`. One of them could change its
 * schema, and a folder that this user may not enter would end the process.
 */
import { createRequire } from 'node:module';
import type * as GraphileWorker from 'graphile-worker';

const workingFolder = process.cwd();
process.chdir('/');
const library = createRequire(import.meta.url)('graphile-worker') as typeof GraphileWorker;
process.chdir(workingFolder);

export const { Logger, run, runMigrations } = library;
