/**
 * The environment of the `durable` works: a PostgreSQL whose flush can be made 2 ms slower, like that of a cloud volume or a
 * synchronous standby. With a slow flush it shows whether transactions wait for each other's flush.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tuning } from '../contenders.js';
import { databasesOn } from '../databases.js';
import type { Place } from '../place.js';
import { startProgram } from '../program.js';
import type { Report } from '../report.js';
import { startOnSlowDisk } from './slow-disk.js';

export const SLOW_MS = 2;

/** Two services, each with its pool, and the bench itself. */
const SERVER_SETTINGS = ['max_connections=300', 'shared_buffers=64MB', 'log_checkpoints=off', 'timezone=UTC'];

const POOL = 40;

/** The receiver of deliveries is on loopback, which Ringback refuses by default. */
export const TUNING: Tuning = {
  poolSize: POOL,
  settings: { DATABASE_POOL_SIZE: String(POOL), WEBHOOK_ALLOWED_RANGES: '127.0.0.1/32' },
};

export interface DurablePlace extends Place {
  /** URL of the server, for a superuser. */
  readonly url: string;
  /** URL of an app's backend that accepts every delivery. */
  readonly receiverUrl: string;
  /** Sets the extra milliseconds of each flush. Undefined if the slow disk is not available. */
  readonly delayFlush: ((ms: number) => Promise<void>) | undefined;
  /** The longest possible delay: SLOW_MS, or 0 without the slow disk. */
  readonly slowestMs: number;
  /** Duration of a commit on the machine's own disk, without other load. */
  readonly commitMs: number;
}

export const diskOf = (delayMs: number): string => (delayMs > 0 ? `flush ${delayMs} ms longer` : 'the machine’s own');

type DurablePart = (place: DurablePlace, seconds: number) => Promise<Report>;

/** @returns the part as a work of the bench. @param moreSettings additional settings of PostgreSQL */
export const durably =
  (part: DurablePart, moreSettings: readonly string[] = []) =>
  async (place: Place, seconds: number): Promise<Report> => {
    const durable = await prepare(place, moreSettings);
    const report = await part(durable, seconds);
    const ownDisk = `a commit on the machine’s own disk takes ${durable.commitMs.toFixed(1)} ms`;
    const leftOut = `the disk whose flush takes ${SLOW_MS} ms longer is left out: it takes Linux and a C compiler, cc`;
    return { ...report, title: [report.title, ownDisk, ...(durable.delayFlush ? [] : [leftOut])].join('; ') };
  };

const prepare = async (place: Place, moreSettings: readonly string[]): Promise<DurablePlace> => {
  const dataDir = await mkdtemp(join(place.folder, 'durable-'));
  const server = await startOnSlowDisk(dataDir, [...SERVER_SETTINGS, ...moreSettings]);
  const databases = await databasesOn(server, dataDir);
  place.started({
    async stop() {
      await databases.stop();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  });
  const receiver = await startProgram({
    name: 'receiver',
    folder: place.folder,
    line: [fileURLToPath(new URL('../programs/receiver.js', import.meta.url))],
  });
  place.started(receiver);
  const { superuserUrl: url, delayFlush, commitMs } = server;
  return {
    ...place,
    databases,
    url,
    receiverUrl: receiver.url,
    delayFlush,
    slowestMs: delayFlush ? SLOW_MS : 0,
    commitMs,
  };
};
