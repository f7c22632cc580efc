/** Starts Node processes, for tests of kills, exit codes and users. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SETTINGS } from '../../src/config/settings.js';
import { noteSkipped } from './skipped.js';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** For tests that start processes. On a busy machine a process starts many times slower than on an idle one. */
export const PROCESS_LIMIT_MS = 120_000;

export interface ProcessOptions {
  /** Variables in addition to our own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A command that runs the program, such as setpriv. */
  readonly launcher?: readonly string[];
}

/**
 * Clears a developer's own Ringback settings; empty counts as unset. Test files run concurrently and must not compete for
 * the default port of the metrics.
 */
const NO_SETTINGS = {
  ...Object.fromEntries(Object.values(SETTINGS).map(({ name }) => [name, ''])),
  METRICS_PORT: 'off',
};

export interface Ending {
  readonly code: number | null;
  readonly output: string;
  readonly complaint: string;
}

export const startProgram = (
  line: readonly [string, ...string[]],
  { environment = {}, launcher = [] }: ProcessOptions = {},
): ChildProcess => {
  const [command = '', ...options] = [...launcher, ...line];
  return spawn(command, options, {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: REPOSITORY,
    env: { ...process.env, ...NO_SETTINGS, ...environment },
  });
};

export const startNode = (script: string, options: readonly string[] = [], more: ProcessOptions = {}): ChildProcess =>
  startProgram([process.execPath, script, ...options], more);

export const endOf = async (child: ChildProcess): Promise<Ending> => {
  let output = '';
  let complaint = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, complaint };
};

export const isAlive = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

/** Safe to repeat. */
export const endProgram = async (child: ChildProcess): Promise<void> => {
  if (!isAlive(child)) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
};

export const IS_ROOT = process.getuid?.() === 0;

/** A user that every system has by name, because initdb needs the name; and not the one that root falls back to. */
export const ORDINARY_USER = Number(execFileSync('id', IS_ROOT ? ['-u', 'daemon'] : ['-u'], { encoding: 'utf8' }));

/** The command prefix with which root runs a program as an ordinary user. */
export const asOrdinaryUser = (): string[] => (IS_ROOT ? asUser(ORDINARY_USER) : []);

/** The command prefix with which root runs a program as another user, who may read this folder even in root's home. */
export const asUser = (uid: number): string[] => {
  const launcher = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  try {
    execFileSync('setpriv', [...launcher.slice(1), 'test', '-r', REPOSITORY], { stdio: 'ignore' });
    return launcher;
  } catch {
    return [
      ...launcher,
      '--inh-caps=+dac_read_search',
      '--ambient-caps=+dac_read_search',
      '--securebits=+no_setuid_fixup',
    ];
  }
};

/** The Debian packages of programs that not every machine has. */
const PACKAGES = { curl: 'curl', openssl: 'openssl', script: 'bsdutils', setpriv: 'util-linux' } as const;

/**
 * For tests that need such a program. With RINGBACK_REQUIRE_ALL_TESTS it is always true, and the tests fail without it.
 * @param what the tests that are skipped without it
 */
export const isInstalled = (program: keyof typeof PACKAGES, what: string): boolean => {
  if (process.env.RINGBACK_REQUIRE_ALL_TESTS) return true;
  try {
    execFileSync(program, [program === 'openssl' ? 'version' : '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    noteSkipped(what, `there is no ${program}`, `apt-get install ${PACKAGES[program]}`);
    return false;
  }
};
