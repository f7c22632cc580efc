/** A program in a process of its own, with an environment of its own and its log in a file, as a container runtime has it. */
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
  /** Processor time since it started; NaN where the system does not tell. */
  cpuSeconds(): Promise<number>;
  /** The end of its log: what it has warned of, or, where it has not, whatever it said. */
  lastWords(): Promise<string>;
  /** Of a program that was started to tell. */
  insides(): Promise<Insides>;
  held(): Promise<Held>;
  /** Open files, sockets among them; NaN where the system does not tell. */
  openFiles(): Promise<number>;
  /** The lines of its log that warn of something or worse. */
  complaints(): Promise<string[]>;
  stop(): Promise<void>;
}

interface ProgramToStart {
  readonly name: string;
  /** The built module, then its arguments. */
  readonly line: readonly string[];
  /** All of it: what a developer's shell has set is not for the bench. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A command that runs the rest of its line. */
  readonly launcher?: readonly string[];
  /** Where its log goes. */
  readonly folder: string;
}

/** Several may have one name. */
let started = 0;

/** None outlives the bench, also where that ends while one is still starting. */
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
    const patience = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    child.kill('SIGTERM');
    await exited;
    clearTimeout(patience);
  };
  const ask = async (question: Question): Promise<unknown> => {
    const answered = once(child, 'message', { signal: AbortSignal.timeout(INSIDES_LIMIT_MS) });
    child.send(question);
    const [answer] = (await answered) as [unknown];
    return answer;
  };
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    const said = await readFile(logFile, 'utf8');
    const url = /"url":"(http.*?)"/.exec(said)?.[1];
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
      throw new Error(`${name} did not start: ${said.slice(-2_000)}`);
    }
    await sleep(50);
  }
};

const LINES_SHOWN = 10;
/** Of pino's levels. */
const WARNING = 40;

/** A line that is not of pino is a stack, or the end of a program that could not log any more. */
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

/** Line by line: the log of an hour is larger than a string may be. */
const complaintsIn = async (logFile: string): Promise<string[]> => {
  const complaints: string[] = [];
  for await (const line of createInterface({ input: createReadStream(logFile) })) {
    if (isWarning(line)) complaints.push(line);
  }
  return complaints;
};
