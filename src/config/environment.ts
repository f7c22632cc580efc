/** The only file that mentions process.env (a lint rule sees to it). */
import {
  readConfig,
  readMigrationConfig,
  readSimulatorConfig,
  type Config,
  type MigrationConfig,
  type SimulatorConfig,
} from './config.js';

export const readEnvironment = (): Config => readConfig(process.env);

export const readMigrationEnvironment = (): MigrationConfig => readMigrationConfig(process.env);

export const readSimulatorEnvironment = (): SimulatorConfig => readSimulatorConfig(process.env);
