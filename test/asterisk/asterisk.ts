/** A real Asterisk on loopback, in its own folder, with the start script and configuration of deploy/asterisk. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../support/free-port.js';
import { cacheFolder, describeWithPackages, fetchPackages, unpackedIn } from '../support/debian-packages.js';
import { waitFor } from '../support/wait-for.js';
import { callDetailsIn, type CallDetail } from './call-detail.js';

const run = promisify(execFile);

const SHIPPED = resolve(import.meta.dirname, '../../deploy/asterisk');
/** Replaces the two accounts: any port of this machine can be rung. */
const ANY_PHONE = { OTHER_TEMPLATES: resolve(import.meta.dirname, 'phones') };

/**
 * Asterisk is sometimes removed from Debian testing; unstable has it too. Another suite has another version: bullseye has 16.28.
 * sipp simulates the phones.
 */
const SUITE = process.env.RINGBACK_ASTERISK_SUITE;
const PACKAGES = {
  folder: cacheFolder(SUITE === undefined ? 'asterisk-22' : `asterisk-${SUITE}`),
  suites: SUITE ?? 'forky sid',
  names: ['asterisk', 'sip-tester'],
};

export const ROOT = PACKAGES.folder;

/** Downloads it if it is missing. @returns the reason why it is not available, or null */
export const fetchAsterisk = async (): Promise<string | null> => {
  const missing = await fetchPackages(PACKAGES);
  if (missing !== null) return missing;
  // As the package does when it is installed, which unpacking it does not.
  await link('usr/share/asterisk/sounds/en', 'en_US_f_Allison');
  // Where the packages of later versions have their modules.
  if (SUITE !== undefined) await link('usr/lib/x86_64-linux-gnu/asterisk', '../asterisk');
  return null;
};

const link = async (path: string, target: string): Promise<void> => {
  await symlink(target, join(ROOT, path)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
};

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
  /** Runs a command of Asterisk's console. */
  command(text: string): Promise<string>;
  /** The result of the container's health check. */
  isHealthy(): Promise<boolean>;
  /** Of a channel with that id. */
  variable(channel: string, name: string): Promise<string>;
  channels(): Promise<readonly Channel[]>;
  /** The call detail records with this account code. */
  callDetails(callSid: string): Promise<readonly CallDetail[]>;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Freezes or resumes the process. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  remove(): Promise<void>;
}

type Environment = Readonly<Record<string, string>>;

const SECRETS = {
  ASTERISK_PASSWORD: 'a-password-that-only-tests-know',
  DEMO_PHONE_1_PASSWORD: 'the-first-phones-password',
  DEMO_PHONE_2_PASSWORD: 'the-second-phones-password',
  ASTERISK_EXTERNAL_ADDRESS: '127.0.0.1',
};

/** A folder for one Asterisk, and the way to run the shipped scripts there instead of in a container. */
const newPlace = async (more: Environment) => {
  // The folder contains the control socket, whose path may have at most 107 characters.
  const folder = await mkdtemp(join(tmpdir(), 'pbx-'));
  const [loader, program] = unpacked('usr/sbin/asterisk');
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin/asterisk'), `#!/bin/sh\nexec ${[loader, ...program].join(' ')} "$@"\n`, {
    mode: 0o755,
  });
  // Below those of freePort. Asterisk passes over ports that are taken.
  const rtpFirst = 10_000 + Math.floor(Math.random() * 9) * 1000;
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

/** @param more settings of .env. If given, there are only the two phones of docker-compose.yml. */
export const startAsterisk = async (more?: Environment): Promise<Asterisk> => {
  const settings = { ...SECRETS, ...(more ?? ANY_PHONE) };
  const { folder, environment, script } = await newPlace(settings);
  const url = `http://127.0.0.1:${environment.ARI_PORT}`;
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    let output = '';
    const [file, options] = script('start.sh');
    const started = spawn(file, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    await waitFor('Asterisk', () => {
      if (started.exitCode !== null) throw new Error(`Asterisk has ended: ${output}`);
      return output.includes('Asterisk Ready.');
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
    async variable(channel, name) {
      const { value } = (await ari(`/channels/${channel}/variable?variable=${name}`)) as { readonly value: string };
      return value;
    },
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
