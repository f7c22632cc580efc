/** One readable line instead of a stack, and an exit code that scripts understand. */
export const fail = (message: string): never => {
  console.error(message);
  process.exit(1);
};
