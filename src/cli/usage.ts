/** How a command is used: printed on stdout when asked for, on stderr when the arguments are wrong. */
import { USAGE_ERROR } from './exit-status.js';
import { fail } from './fail.js';

export const HELP = { type: 'boolean', short: 'h', default: false } as const;

export const printUsage = (usage: string): never => {
  console.log(usage);
  process.exit(0);
};

export const failUsage = (usage: string): never => fail(usage, USAGE_ERROR);
