/** An image as a folder, and processes in it that start with an environment like a container's. */
import { spawn, type ChildProcess } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { SETTINGS } from '../../src/config/settings.js';

export type Environment = Record<string, string>;

export interface Image {
  /** The folder of the image's root on this machine. */
  readonly root: string;
  readonly workingDirectory: string;
  readonly environment: Environment;
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  readonly stopSignal: NodeJS.Signals;
}

/** This machine's environment without variables of npm, Jest and our settings, and without tools in node_modules. */
const bareEnvironment = (): Environment => {
  const ours = new Set<string>(Object.values(SETTINGS).map(({ name }) => name));
  const isExcluded = (name: string): boolean =>
    ours.has(name) || /^(?:npm_(?:lifecycle|package|config_local)_|INIT_CWD$|NODE_|JEST_)/.test(name);
  const kept = Object.entries(process.env).filter(([name]) => !isExcluded(name));
  const path = (process.env.PATH ?? '').split(delimiter).filter((directory) => !directory.includes('node_modules'));
  // npm uses its cache for packages of this lock file that it has already downloaded.
  const fromCache = { npm_config_prefer_offline: 'true' };
  return { ...(Object.fromEntries(kept) as Environment), ...fromCache, PATH: path.join(delimiter) };
};

export const spawnIn = (image: Image, command: readonly string[], environment: Environment = {}): ChildProcess =>
  spawn(command[0]!, command.slice(1), {
    cwd: join(image.root, image.workingDirectory),
    env: { ...bareEnvironment(), ...image.environment, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

export interface Ending {
  readonly exitCode: number | null;
  /** Everything that the process has written. */
  readonly output: string;
}

export const endingOf = (child: ChildProcess): Promise<Ending> =>
  new Promise((resolve, reject) => {
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
