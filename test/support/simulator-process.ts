/** The simulator as a separate process, which keeps running when the service is killed. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { HttpCarrierClient } from '../../src/telephony/simulator/http-carrier-client.js';
import type { CallLogEntry } from '../../src/telephony/simulator/call-log.js';
import { randomWebhookSecret } from '../../src/telephony/simulator/simulator.provider.js';
import { endOf, REPOSITORY, startNode, type Ending } from './node-process.js';

export const SIMULATOR = join(REPOSITORY, 'dist/src/telephony/simulator/server.js');

export interface SimulatorProcess {
  readonly pid: number;
  readonly url: string;
  /** The settings with which a service uses it. */
  readonly environment: Readonly<Record<'SIMULATOR_URL' | 'SIMULATOR_WEBHOOK_SECRETS', string>>;
  callLog(): Promise<readonly CallLogEntry[]>;
  stop(): Promise<Ending>;
}

interface SimulatorProcessOptions {
  /** The URLs of its webhooks. A service that does not listen yet can be behind a TcpProxy. */
  readonly targets: readonly [string, ...string[]];
  readonly speed?: number;
  /** The file with the authority of https targets. */
  readonly authorityFile?: string;
}

/** @throws Error with the process's standard error, if the process ends instead */
export const startSimulator = async ({
  targets,
  speed = 100,
  authorityFile,
}: SimulatorProcessOptions): Promise<SimulatorProcess> => {
  const secret = randomWebhookSecret();
  const child = startNode(SIMULATOR, [], {
    environment: {
      SIMULATOR_PORT: '0',
      SIMULATOR_SPEED: String(speed),
      SIMULATOR_TARGETS: targets.join(','),
      SIMULATOR_WEBHOOK_SECRETS: secret,
      ...(authorityFile !== undefined && { NODE_EXTRA_CA_CERTS: authorityFile }),
    },
  });
  const ending = endOf(child);
  const url = await urlOf(child, ending);
  const client = new HttpCarrierClient(url);
  return {
    pid: child.pid!,
    url,
    environment: { SIMULATOR_URL: url, SIMULATOR_WEBHOOK_SECRETS: secret },
    callLog: () => client.callLog(),
    async stop() {
      await client.close();
      child.kill('SIGTERM');
      return ending;
    },
  };
};

/** The simulator prints its URL when it listens. */
const urlOf = async (child: ChildProcess, ending: Promise<Ending>): Promise<string> => {
  const said = once(child.stdout!, 'data') as Promise<[Buffer]>;
  const failed = ending.then(({ code, complaint }) => {
    throw new Error(`the simulator ended with ${code ?? 'a signal'}: ${complaint}`);
  });
  const [line] = await Promise.race([said, failed]);
  failed.catch(() => undefined);
  return /http:\S+/.exec(line.toString())![0];
};
