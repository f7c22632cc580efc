/**
 * How the process ends.
 *
 * - SIGTERM and SIGINT: finish the work in flight, then exit with status 0. After a SIGTERM, load balancers first get
 *   time to send their requests elsewhere.
 * - An uncaught exception or an unhandled rejection leaves the process in an unknown state. The error is logged at
 *   fatal, no new work is accepted, the work in flight is finished, and the exit status is 1, so that the orchestrator
 *   restarts the process.
 *
 * All are bounded by the same time limit.
 */
import type { Logger } from './logger.js';

/** Orchestrators wait for 10 s, then kill. */
const STOP_LIMIT_MS = 9_500;

/** An error that repeats, possibly caused by logging itself, must not fill the log until the exit. */
const MAX_LOGGED_ERRORS = 10;

/**
 * Installs the handlers.
 * @param close stops accepting work after that many milliseconds, finishes the work in flight and releases resources;
 *   called once
 * @param drainMs how long work is accepted after a SIGTERM
 * @returns a signal that aborts when the end begins
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
  // Standard output may be asynchronous, with the last log lines still pending.
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
    // Handled once: npm forwards the Ctrl-C that the terminal has already sent to this process.
    if (stopping.signal.aborted) return;
    logger.info({ signal }, 'stopping');
    // With a Ctrl-C from a terminal there is no load balancer.
    stop(signal === 'SIGTERM' ? drainMs : 0);
  };
  const onError = (message: string) => (error: unknown) => {
    status = 1;
    if (loggedErrors++ < MAX_LOGGED_ERRORS) logger.fatal({ error }, message);
    if (!stopping.signal.aborted) stop(0);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('uncaughtException', onError('uncaught exception, stopping'));
  process.on('unhandledRejection', onError('unhandled rejection, stopping'));
  return stopping.signal;
};
