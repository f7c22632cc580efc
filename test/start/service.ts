/** Ringback as `npm start` starts it: in a process of its own, on a free port of this machine. */
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
  /** All that it has written to its standard output so far. */
  output(): string;
  /** @returns how it ended, and after how many milliseconds */
  stop(...signals: NodeJS.Signals[]): Promise<Ending & { readonly tookMs: number }>;
  /** kill -9 */
  kill(): Promise<void>;
}

/** Those that a failed test has left. */
const started = new Set<ChildProcess>();

interface ServiceOptions extends ProcessOptions {
  /** What stands behind npm start, or npm start itself. */
  readonly command?: readonly [string, ...string[]];
}

const BEHIND_NPM_START = [process.execPath, join(REPOSITORY, 'scripts/run.mjs'), 'main'] as const;

export const launch = ({ command = BEHIND_NPM_START, environment, launcher = [] }: ServiceOptions): ChildProcess => {
  const child = startProgram(command, {
    // What these services are for is not how long a load balancer takes, nor a real phone.
    environment: { HOST: '127.0.0.1', PORT: '0', SIMULATOR: 'true', DRAIN_SECONDS: '0', ...environment },
    launcher,
  });
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
};

/** @throws Error with what it complained of, where it ended instead */
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

/** For a start that is to fail. */
export const runService = (options: ServiceOptions): Promise<Ending> => endOf(launch(options));

/** For afterEach or afterAll: what a test has started does not outlive it. */
export const endAllServices = async (): Promise<void> => {
  await Promise.all(
    [...started].map((child) => {
      child.kill('SIGTERM');
      return waitFor('the end of a service', () => !started.has(child)).catch(() => child.kill('SIGKILL'));
    }),
  );
};
