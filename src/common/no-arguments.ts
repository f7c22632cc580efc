/** The status of a command that was used in a way that it does not have. */
const USAGE_ERROR = 2;

/** For a program that is told everything by its environment: `--help` prints how it is used, any other argument runs nothing. */
export const takeNoArguments = (usage: string): void => {
  const given = process.argv.slice(2);
  if (given.length === 0) return;
  const isHelp = given.every((argument) => argument === '--help' || argument === '-h');
  (isHelp ? process.stdout : process.stderr).write(`${usage}\n`);
  process.exit(isHelp ? 0 : USAGE_ERROR);
};
