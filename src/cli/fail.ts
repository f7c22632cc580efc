import { FAILED } from './exit-status.js';

/** One readable line instead of a stack, and an exit status that scripts understand. */
export const fail = (message: string, status = FAILED): never => {
  console.error(message);
  process.exit(status);
};
