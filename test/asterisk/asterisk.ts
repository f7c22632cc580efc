/** A real Asterisk on loopback, with our own dialplan, in a folder of its own. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '../support/wait-for.js';

const run = promisify(execFile);

const PASSWORD = 'a password that only the tests know';
const TEMPLATES = resolve(import.meta.dirname, 'etc');
const DIALPLAN = resolve(import.meta.dirname, '../../deploy/asterisk/ringback.conf');
export const ROOT = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ringback', 'asterisk-22');
const LIBRARIES = join(ROOT, 'usr/lib/x86_64-linux-gnu');

/** Brings it where it is not there yet. @returns why it cannot be had, or null */
export const fetchAsterisk = async (): Promise<string | null> => {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync('/usr/bin/apt-get')) {
    return 'a real Asterisk is fetched on Debian for x86-64 only';
  }
  try {
    await run(resolve(import.meta.dirname, 'fetch-asterisk.sh'), [ROOT], { timeout: 300_000 });
    return null;
  } catch (error) {
    return `Asterisk could not be fetched: ${(error as { stderr?: string }).stderr ?? String(error)}`;
  }
};

/** A program of the unpacked packages, by their own loader and libraries. */
export const unpacked = (program: string): [string, string[]] => [
  join(LIBRARIES, 'ld-linux-x86-64.so.2'),
  ['--library-path', `${LIBRARIES}:${join(ROOT, 'usr/lib')}`, join(ROOT, program)],
];

export interface Asterisk {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly url: string;
  /** A command of its console. */
  command(text: string): Promise<string>;
  channels(): Promise<readonly unknown[]>;
  /** Lines of the detail records that carry this account code, as fields. */
  callDetails(callSid: string): Promise<readonly string[][]>;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Freezes it, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  remove(): Promise<void>;
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};

export const startAsterisk = async (): Promise<Asterisk> => {
  // Its control socket lies in it, and such a path may have 107 characters.
  const folder = await mkdtemp(join(tmpdir(), 'pbx-'));
  const [ariPort, sipPort] = [await freePort(), await freePort()];
  const rtpFirst = 20_000 + Math.floor(Math.random() * 300) * 100;
  const values: Readonly<Record<string, string>> = {
    FOLDER: folder,
    ROOT,
    DIALPLAN,
    PASSWORD,
    ARI_PORT: String(ariPort),
    SIP_PORT: String(sipPort),
    RTP_FIRST: String(rtpFirst),
    RTP_LAST: String(rtpFirst + 999),
  };
  for (const name of ['etc', 'varlib', 'run', 'log/cdr-csv', 'spool/monitor', 'spool/recording']) {
    await mkdir(join(folder, name), { recursive: true });
  }
  for (const name of await readdir(TEMPLATES)) {
    const template = await readFile(join(TEMPLATES, name), 'utf8');
    await writeFile(
      join(folder, 'etc', name),
      template.replace(/@([A-Z_]+)@/g, (all, key: string) => values[key] ?? all),
    );
  }

  const [loader, program] = unpacked('usr/sbin/asterisk');
  const configured = [...program, '-C', join(folder, 'etc/asterisk.conf')];
  const url = `http://127.0.0.1:${ariPort}`;
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    let said = '';
    const started = spawn(loader, [...configured, '-f'], {
      env: { LC_ALL: 'C', TERM: 'dumb' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    }
    await waitFor('Asterisk', () => {
      if (started.exitCode !== null) throw new Error(`Asterisk has ended: ${said}`);
      return said.includes('Asterisk Ready.');
    });
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill(signal);
    await exited;
  };
  const ari = async (path: string): Promise<unknown> => {
    const authorization = `Basic ${Buffer.from(`ringback:${PASSWORD}`).toString('base64')}`;
    return (await fetch(`${url}/ari${path}`, { headers: { authorization } })).json();
  };
  await start();
  return {
    folder,
    url,
    environment: {
      ASTERISK_URL: url,
      ASTERISK_PASSWORD: PASSWORD,
    },
    async command(text) {
      return (await run(loader, [...configured, '-rx', text])).stdout;
    },
    channels: async () => (await ari('/channels')) as readonly unknown[],
    async callDetails(callSid) {
      const text = await readFile(join(folder, 'log/cdr-csv/Master.csv'), 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter((line) => line.includes(callSid))
        .map((line) => [...line.matchAll(/"((?:[^"]|"")*)"|([^,]+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ''));
    },
    start,
    kill: () => end('SIGKILL'),
    signal(signal) {
      child?.kill(signal);
    },
    async remove() {
      child?.kill('SIGCONT');
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/**
 * Tests on a real Asterisk. Where it cannot be had they are skipped, and it is said so; where RINGBACK_REQUIRE_ALL_TESTS is
 * set, as .ci/run does, they fail.
 */
export const describeOnAsterisk = (missing: string | null, what: string, tests: () => void): void => {
  if (missing === null || process.env.RINGBACK_REQUIRE_ALL_TESTS) {
    describe(what, () => {
      if (missing !== null) {
        it('has a real Asterisk', () => {
          throw new Error(missing);
        });
      } else tests();
    });
    return;
  }
  process.stderr.write(`\n  SKIPPED, ${missing}: ${what}\n\n`);
  describe.skip(what, tests);
};
