/** The only file that reads process.env (enforced by a lint rule). */
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
