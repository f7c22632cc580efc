/** A program in its own process, with its own environment and a log file, as under a container runtime. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSecondsOf } from './processor-time.js';
import type { Held, Insides, Question } from './programs/insides.js';

export interface Program {
  readonly url: string;
  readonly pid: number;
  /** Processor time since its start. NaN if the system does not report it. */
  cpuSeconds(): Promise<number>;
  /** The last warnings of its log, or its last lines if there are no warnings. */
  lastWords(): Promise<string>;
  /** Only for a program that was started with insides.js. */
  insides(): Promise<Insides>;
  held(): Promise<Held>;
  /** Open files, including sockets. NaN if the system does not report them. */
  openFiles(): Promise<number>;
  /** The lines of its log at warn or above. */
  complaints(): Promise<string[]>;
  stop(): Promise<void>;
}

interface ProgramToStart {
  readonly name: string;
  /** The built module and its arguments. */
  readonly line: readonly string[];
  /** The complete environment: variables of the developer's shell are not passed. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A command prefix. */
  readonly launcher?: readonly string[];
  /** The folder of its log. */
  readonly folder: string;
}

/** A counter that makes log names unique. */
let started = 0;

/** All of these are killed when the bench exits, even if one is still starting. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 15_000;
const INSIDES_LIMIT_MS = 30_000;

export const startProgram = async (program: ProgramToStart): Promise<Program> => {
  const { name, line, environment = {}, launcher = [], folder } = program;
  const logFile = join(folder, `${name}-${++started}.log`);
  const log = await open(logFile, 'a');
  const [command = '', ...rest] = [...launcher, process.execPath, ...line];
  const child = spawn(command, rest, {
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
    env: { NODE_ENV: 'production', ...environment },
  });
  running.add(child);
  const exited = once(child, 'exit').finally(() => running.delete(child));
  await log.close();
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const killTimer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    child.kill('SIGTERM');
    await exited;
    clearTimeout(killTimer);
  };
  const ask = async (question: Question): Promise<unknown> => {
    const answered = once(child, 'message', { signal: AbortSignal.timeout(INSIDES_LIMIT_MS) });
    child.send(question);
    const [answer] = (await answered) as [unknown];
    return answer;
  };
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    const output = await readFile(logFile, 'utf8');
    const url = /"url":"(http.*?)"/.exec(output)?.[1];
    const { pid } = child;
    if (url && pid) {
      return {
        url,
        pid,
        cpuSeconds: () => cpuSecondsOf(pid),
        openFiles: () => openFilesOf(pid),
        insides: () => ask('insides') as Promise<Insides>,
        held: () => ask('held') as Promise<Held>,
        complaints: () => complaintsIn(logFile),
        lastWords: () => lastWords(logFile),
        stop,
      };
    }
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`${name} did not start: ${output.slice(-2_000)}`);
    }
    await sleep(50);
  }
};

const LINES_SHOWN = 10;
/** Pino's level of warn. */
const WARNING = 40;

/** A line that pino did not write is a stack trace, or the last output of a program that crashed. */
const isWarning = (line: string): boolean => Number(/^\{"level":(\d+)/.exec(line)?.[1] ?? WARNING) >= WARNING;

const lastWords = async (logFile: string): Promise<string> => {
  const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n');
  const warnings = lines.filter(isWarning);
  return (warnings.length > 0 ? warnings : lines).slice(-LINES_SHOWN).join('\n');
};

const openFilesOf = async (pid: number): Promise<number> => {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  return files.length || NaN;
};

/** Reads line by line, because the log of an hour exceeds the maximum string length. */
const complaintsIn = async (logFile: string): Promise<string[]> => {
  const complaints: string[] = [];
  for await (const line of createInterface({ input: createReadStream(logFile) })) {
    if (isWarning(line)) complaints.push(line);
  }
  return complaints;
};
