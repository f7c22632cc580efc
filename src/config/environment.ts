/** The only file that mentions process.env (a lint rule sees to it). */
import { readConfig, type Config } from './config.js';

export const readEnvironment = (): Config => readConfig(process.env);
