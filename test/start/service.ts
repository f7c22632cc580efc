/** Ringback as `npm start` starts it: a separate process, on a free port of this machine. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import {
  endOf,
  PROCESS_LIMIT_MS,
  REPOSITORY,
  startProgram,
  type Ending,
  type ProcessOptions,
} from '../support/node-process.js';
import { waitFor } from '../support/wait-for.js';

export interface Service {
  readonly pid: number;
  readonly url: string;
  /** Its standard output so far. */
  output(): string;
  /** @returns its ending, and the milliseconds until then */
  stop(...signals: NodeJS.Signals[]): Promise<Ending & { readonly tookMs: number }>;
  /** kill -9 */
  kill(): Promise<void>;
}

/** Processes to end after each test; a failed test may leave one. */
const started = new Set<ChildProcess>();

interface ServiceOptions extends ProcessOptions {
  /** The command behind npm start, or npm start itself. */
  readonly command?: readonly [string, ...string[]];
}

const BEHIND_NPM_START = [process.execPath, join(REPOSITORY, 'scripts/run.mjs'), 'main'] as const;

export const launch = ({ command = BEHIND_NPM_START, environment, launcher = [] }: ServiceOptions): ChildProcess => {
  const child = startProgram(command, {
    // No drain time and a fast simulator, because these tests do not need them.
    environment: { HOST: '127.0.0.1', PORT: '0', SIMULATOR: 'true', DRAIN_SECONDS: '0', ...environment },
    launcher,
  });
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
};

/** @throws Error with its standard error, if it ends instead */
export const startService = async (options: ServiceOptions): Promise<Service> => {
  const child = launch(options);
  const ending = endOf(child);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const url = await waitFor(
    'the service to listen',
    async () => {
      if (!started.has(child)) throw new Error((await ending).complaint);
      return /"url":"(.*?)"/.exec(output)?.[1];
    },
    PROCESS_LIMIT_MS,
  );
  return {
    pid: child.pid!,
    url,
    output: () => output,
    async stop(...signals) {
      const begin = performance.now();
      for (const signal of signals.length > 0 ? signals : (['SIGTERM'] as const)) child.kill(signal);
      return { ...(await ending), tookMs: performance.now() - begin };
    },
    async kill() {
      child.kill('SIGKILL');
      await ending;
    },
  };
};

/** For a start that must fail. */
export const runService = (options: ServiceOptions): Promise<Ending> => endOf(launch(options));

/** For afterEach or afterAll: ends every service that the test has started. */
export const endAllServices = async (): Promise<void> => {
  await Promise.all(
    [...started].map((child) => {
      child.kill('SIGTERM');
      return waitFor('the end of a service', () => !started.has(child)).catch(() => child.kill('SIGKILL'));
    }),
  );
};
