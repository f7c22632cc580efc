import type { Databases } from './databases.js';
import type { Program } from './program.js';

/** The environment in which a work runs. */
export interface Place {
  readonly databases: Databases;
  readonly folder: string;
  /** The folder for V8's profile of our service, if one is wanted. */
  readonly profileTo: string | undefined;
  /** Registers a program that must be stopped at the end of the work, even if the work fails. */
  started(program: Pick<Program, 'stop'>): void;
}
