import { FAILED } from './exit-status.js';

/** Prints one readable line instead of a stack, and exits with a status for scripts. */
export const fail = (message: string, status = FAILED): never => {
  console.error(message);
  process.exit(status);
};
