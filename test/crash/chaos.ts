/** Causes failures, one after another, at random times. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Replica } from './cluster.js';

export interface Accidents {
  kills: number;
  databaseCrashes: number;
  silences: number;
  cuts: number;
}

const PAUSE_MS = { least: 300, most: 1_500 };
/** Long enough for every time-out of the service to expire. */
const SILENCE_MS = { least: 500, most: 4_000 };

const between = ({ least, most }: { least: number; most: number }): number => least + Math.random() * (most - least);
const oneOf = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)]!;

/** Runs until `stop` is aborted, and leaves everything running. */
export const makeTrouble = async (cluster: Cluster, stop: AbortSignal): Promise<Accidents> => {
  const accidents: Accidents = { kills: 0, databaseCrashes: 0, silences: 0, cuts: 0 };
  const kill = async (replica: Replica): Promise<void> => {
    accidents.kills++;
    await replica.kill();
    await replica.start();
  };
  const crashDatabase = async (): Promise<void> => {
    accidents.databaseCrashes++;
    await cluster.crashPostgres();
  };
  const silence = async ({ wayToDatabase }: Replica): Promise<void> => {
    accidents.silences++;
    wayToDatabase.mode = oneOf(['silence', 'hold replies'] as const);
    await sleep(between(SILENCE_MS));
    wayToDatabase.mode = 'pass';
  };
  const cut = async ({ wayToDatabase }: Replica): Promise<void> => {
    accidents.cuts++;
    wayToDatabase.mode = 'cut';
    await sleep(between(PAUSE_MS));
    wayToDatabase.mode = 'pass';
  };

  while (!stop.aborted) {
    await sleep(between(PAUSE_MS));
    await oneOf([kill, kill, silence, cut, crashDatabase])(oneOf(cluster.replicas));
  }
  return accidents;
};
