/**
 * The one policy for the end of a process. SIGTERM and SIGINT: finish what is in flight, then exit with status 0; before a
 * SIGTERM's end, load balancers are given time to send their requests elsewhere. An
 * exception that nothing catches, or a rejected promise that nothing handles, leaves the process in an unknown state: the
 * error is logged at fatal, no more work is taken, what is in flight is finished, and the exit status is 1, so that the
 * orchestrator starts the process anew. All are bounded by the same limit.
 */
import type { Logger } from './logger.js';

/** Orchestrators wait for 10 s, then kill. */
const STOP_LIMIT_MS = 9_500;

/** An error that is thrown again and again, also by writing the log itself, must not fill the log until the exit. */
const MOST_LOGGED_ERRORS = 10;

/**
 * Installs the policy.
 * @param close stops taking work after that many milliseconds, finishes what is in flight and releases the rest; called once
 * @param drainMs how long work is taken after a SIGTERM
 * @returns aborted when the end begins
 */
export const controlProcessEnd = (
  close: (drainMs: number) => Promise<void>,
  logger: Logger,
  drainMs = 0,
): AbortSignal => {
  const stopping = new AbortController();
  let status = 0;
  let loggedErrors = 0;

  const giveUp = (error: unknown): void => {
    logger.fatal({ error }, 'could not stop in good order');
    process.exit(1);
  };
  // Where standard output is asynchronous, the last lines of the log are still on their way.
  const exit = (): void => {
    process.stdout.write('', () => process.exit(status));
  };
  const stop = (afterMs: number): void => {
    stopping.abort();
    const limitMs = afterMs + STOP_LIMIT_MS;
    setTimeout(giveUp, limitMs, new Error(`not stopped within ${limitMs} ms`));
    close(afterMs).then(exit, giveUp);
  };

  const onSignal = (signal: NodeJS.Signals): void => {
    // Once is enough; npm passes on the Ctrl-C that the terminal has sent to us as well.
    if (stopping.signal.aborted) return;
    logger.info({ signal }, 'stopping');
    // A Ctrl-C comes from the terminal, where no load balancer is.
    stop(signal === 'SIGTERM' ? drainMs : 0);
  };
  const onError = (message: string) => (error: unknown) => {
    status = 1;
    if (loggedErrors++ < MOST_LOGGED_ERRORS) logger.fatal({ error }, message);
    if (!stopping.signal.aborted) stop(0);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('uncaughtException', onError('uncaught exception, stopping'));
  process.on('unhandledRejection', onError('unhandled rejection, stopping'));
  return stopping.signal;
};
