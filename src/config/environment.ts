/** The only file that mentions process.env (a lint rule sees to it). */
import { readConfig, readSimulatorConfig, type Config, type SimulatorConfig } from './config.js';

export const readEnvironment = (): Config => readConfig(process.env);

export const readSimulatorEnvironment = (): SimulatorConfig => readSimulatorConfig(process.env);
