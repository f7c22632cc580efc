/** Prints a program's usage: to stdout on request, to stderr for invalid arguments. */

/** The help option for `parseArgs`. */
export const HELP = { type: 'boolean', short: 'h', default: false } as const;

/** The exit status for invalid usage. */
const USAGE_ERROR = 2;

export const printUsage = (usage: string): never => {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
};

export const failUsage = (usage: string): never => {
  process.stderr.write(`${usage}\n`);
  process.exit(USAGE_ERROR);
};

/** For a program that is configured only by its environment: with any argument except `--help` it does not run. */
export const takeNoArguments = (usage: string): void => {
  const given = process.argv.slice(2);
  if (given.length === 0) return;
  if (given.every((argument) => argument === '--help' || argument === '-h')) printUsage(usage);
  failUsage(usage);
};
