/** Runs `npm run call` in a separate process. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { endOf, REPOSITORY, startNode, type Ending, type ProcessOptions } from '../support/node-process.js';

const RUN = join(REPOSITORY, 'scripts/run.mjs');

export const startCall = (options: readonly string[], environment: ProcessOptions['environment'] = {}): ChildProcess =>
  startNode(RUN, ['cli/call', ...options], { environment });

export const call = (options: readonly string[], environment?: ProcessOptions['environment']): Promise<Ending> =>
  endOf(startCall(options, environment));
