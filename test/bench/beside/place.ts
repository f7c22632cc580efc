import type { Databases } from './databases.js';
import type { Program } from './program.js';

/** Where a work is done. */
export interface Place {
  readonly databases: Databases;
  readonly folder: string;
  /** Where V8 leaves a profile of our service, where one is wanted. */
  readonly profileTo: string | undefined;
  /** Has what was started ended with the work, be it done or not. */
  started(program: Pick<Program, 'stop'>): void;
}
