/** How a program is used: printed on stdout when asked for, on stderr when the arguments are wrong. */

/** Of `parseArgs`. */
export const HELP = { type: 'boolean', short: 'h', default: false } as const;

/** The status of a program that was used in a way that it does not have. */
const USAGE_ERROR = 2;

export const printUsage = (usage: string): never => {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
};

export const failUsage = (usage: string): never => {
  process.stderr.write(`${usage}\n`);
  process.exit(USAGE_ERROR);
};

/** For a program that is told everything by its environment: any argument but `--help` runs nothing. */
export const takeNoArguments = (usage: string): void => {
  const given = process.argv.slice(2);
  if (given.length === 0) return;
  if (given.every((argument) => argument === '--help' || argument === '-h')) printUsage(usage);
  failUsage(usage);
};
