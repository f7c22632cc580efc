/** A real Asterisk on loopback, started by the script and with the configuration that deploy/asterisk ships, in a folder of its own. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, describeWithPackages, fetchPackages, unpackedIn } from '../support/debian-packages.js';
import { waitFor } from '../support/wait-for.js';
import { callDetailsIn, type CallDetail } from './call-detail.js';

const run = promisify(execFile);

const SHIPPED = resolve(import.meta.dirname, '../../deploy/asterisk');
/** In the place of the two accounts: whatever listens on this machine can be rung. */
const ANY_PHONE = { OTHER_TEMPLATES: resolve(import.meta.dirname, 'phones') };

/** Asterisk leaves Debian's testing now and then; unstable has it too. sipp plays the phones. */
const PACKAGES = { folder: cacheFolder('asterisk-22'), suites: 'forky sid', names: ['asterisk', 'sip-tester'] };

export const ROOT = PACKAGES.folder;

/** Brings it where it is not there yet. @returns why it cannot be had, or null */
export const fetchAsterisk = (): Promise<string | null> => fetchPackages(PACKAGES);

/** A program of the unpacked packages. */
export const unpacked = (program: string): [string, string[]] => unpackedIn(ROOT, program);

export interface Channel {
  readonly id: string;
  readonly accountcode: string;
}

export interface Asterisk {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly url: string;
  readonly sipPort: number;
  /** A command of its console. */
  command(text: string): Promise<string>;
  /** What the container's health check says. */
  isHealthy(): Promise<boolean>;
  channels(): Promise<readonly Channel[]>;
  /** Of its detail records, those with this account code. */
  callDetails(callSid: string): Promise<readonly CallDetail[]>;
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

type Environment = Readonly<Record<string, string>>;

const SECRETS = {
  ASTERISK_PASSWORD: 'a-password-that-only-tests-know',
  DEMO_PHONE_1_PASSWORD: 'the-first-phones-password',
  DEMO_PHONE_2_PASSWORD: 'the-second-phones-password',
  ASTERISK_EXTERNAL_ADDRESS: '127.0.0.1',
};

/** A folder that is an Asterisk's own, and how the shipped scripts are run there instead of in a container. */
const newPlace = async (more: Environment) => {
  // Its control socket lies in it, and such a path may have 107 characters.
  const folder = await mkdtemp(join(tmpdir(), 'pbx-'));
  const [loader, program] = unpacked('usr/sbin/asterisk');
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin/asterisk'), `#!/bin/sh\nexec ${[loader, ...program].join(' ')} "$@"\n`, {
    mode: 0o755,
  });
  const rtpFirst = 20_000 + Math.floor(Math.random() * 300) * 100;
  const environment = {
    PATH: `${join(folder, 'bin')}:${process.env.PATH ?? ''}`,
    TERM: 'dumb',
    FOLDER: folder,
    KEPT: join(folder, 'kept'),
    ROOT,
    ADDRESS: '127.0.0.1',
    ARI_PORT: String(await freePort()),
    SIP_PORT: String(await freePort()),
    RTP_FIRST: String(rtpFirst),
    RTP_LAST: String(rtpFirst + 999),
    ...more,
  };
  return { folder, environment, script: (name: string) => [join(SHIPPED, name), { env: environment }] as const };
};

/** @param more settings of .env; with any, the phones are the two of docker-compose.yml and no others */
export const startAsterisk = async (more?: Environment): Promise<Asterisk> => {
  const settings = { ...SECRETS, ...(more ?? ANY_PHONE) };
  const { folder, environment, script } = await newPlace(settings);
  const url = `http://127.0.0.1:${environment.ARI_PORT}`;
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    let said = '';
    const [file, options] = script('start.sh');
    const started = spawn(file, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
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
    const authorization = `Basic ${Buffer.from(`ringback:${settings.ASTERISK_PASSWORD}`).toString('base64')}`;
    return (await fetch(`${url}/ari${path}`, { headers: { authorization } })).json();
  };
  await start();
  return {
    folder,
    url,
    sipPort: Number(environment.SIP_PORT),
    environment: {
      ASTERISK_URL: url,
      ASTERISK_PASSWORD: settings.ASTERISK_PASSWORD,
    },
    async command(text) {
      const configured = ['-C', join(folder, 'etc/asterisk.conf')];
      return (await run(join(folder, 'bin/asterisk'), [...configured, '-rx', text])).stdout;
    },
    isHealthy: () =>
      run(...script('healthy.sh')).then(
        () => true,
        () => false,
      ),
    channels: async () => (await ari('/channels')) as readonly Channel[],
    async callDetails(callSid) {
      return callDetailsIn(await readFile(join(folder, 'kept/cdr-csv/Master.csv'), 'utf8').catch(() => ''), callSid);
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

/** @param missing what fetchAsterisk returned */
export const describeOnAsterisk = (missing: string | null, what: string, tests: () => void): void => {
  describeWithPackages(PACKAGES, missing, what, tests);
};
