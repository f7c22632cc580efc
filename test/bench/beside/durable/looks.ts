/**
 * PostgreSQL's cost of the looks for changes, idle and under load, with one and two replicas: statements by
 * pg_stat_statements, and the processor time of the connections that run them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from '../contenders.js';
import { databaseAt, type Database } from '../databases.js';
import { measure, median } from '../load.js';
import { ON_MEASURED_CORE } from '../machine.js';
import { exactCpuSecondsOf } from '../processor-time.js';
import type { Report } from '../report.js';
import { startProvider, startService } from '../service.js';
import { WEBHOOKS } from '../webhooks.js';
import { diskOf, TUNING, type DurablePlace } from './place.js';

/** Settings of PostgreSQL. */
export const SETTINGS_OF_LOOKS = [
  'shared_preload_libraries=pg_stat_statements',
  'pg_stat_statements.track_planning=on',
];

const CONNECTIONS = 64;
const ROUNDS = 3;
const IDLE_SECONDS = 5;
const WARM_UP_SECONDS = 1.5;

/** Counts and milliseconds per second. */
interface Cost {
  readonly changes: number;
  readonly looks: number;
  readonly looksMs: number;
  /** Blocks of 8 KB that one look reads, from memory or disk. This does not depend on other load on the machine. */
  readonly blocksALook: number;
  readonly hints: number;
  readonly hintsMs: number;
  readonly connectionsMs: number;
  readonly databaseMs: number;
}

export const measureLooks = async (place: DurablePlace, seconds: number): Promise<Report> => {
  const statements = await startCounting(place);
  const database = await place.databases.create('looks');
  const { url: providerUrl } = await startProvider(place);
  const services: Contender[] = [];
  const rows: string[][] = [];
  for (const replicas of ['one', 'two']) {
    const { settings } = TUNING;
    const service = await startService(place, { database, providerUrl, launcher: ON_MEASURED_CORE, settings });
    services.push({ ...service, name: 'Ringback', database });
    const idle: Cost[] = [];
    const loaded: Cost[] = [];
    // A rehearsal that does not count: V8 is still compiling.
    await costUnderLoad(place, statements, services[0]!, 1);
    while (idle.length < ROUNDS) {
      idle.push(await costOf(place, statements, database, () => sleep(IDLE_SECONDS * 1_000, 0)));
      loaded.push(await costUnderLoad(place, statements, services[0]!, seconds));
    }
    rows.push([replicas, 'idle', ...cellsOf(idle)], [replicas, 'under load', ...cellsOf(loaded)]);
  }
  return {
    work: 'durable-looks',
    title: `PostgreSQL’s cost of the looks, idle and under load (webhook in, ${CONNECTIONS} connections to one of the replicas, disk: ${diskOf(place.slowestMs)}); ms of one second`,
    head: [
      'replicas',
      '',
      'changes a second',
      'looks a second',
      'looks',
      'blocks a look',
      'hints a second',
      'hints',
      'core, connections that look and hint',
      'core, all of PostgreSQL',
    ],
    rows,
    aims: [],
  };
};

/** @returns the database in which the counts of all databases can be read */
const startCounting = async ({ url }: DurablePlace): Promise<Database> => {
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  const statements = databaseAt(maintenance.href);
  await statements.query('create extension pg_stat_statements');
  return statements;
};

const costUnderLoad = async (
  place: DurablePlace,
  statements: Database,
  service: Contender,
  seconds: number,
): Promise<Cost> => {
  const next = await WEBHOOKS.prepare(service, WARM_UP_SECONDS + seconds);
  const load = { connections: CONNECTIONS, next };
  await place.delayFlush?.(place.slowestMs);
  try {
    const warmUp = await measure(service, { ...load, seconds: WARM_UP_SECONDS, joinMs: 500 });
    let answered = 0;
    const cost = await costOf(place, statements, service.database, async () => {
      ({ answered } = await measure(service, { ...load, seconds }));
      return answered;
    });
    await WEBHOOKS.verify?.(service, warmUp.answered + answered);
    return cost;
  } finally {
    await place.delayFlush?.(0);
  }
};

/** Finds looks and hints by text that only they contain: pg_stat_statements replaces constants by parameters. */
const COUNTS = `
select coalesce(sum(calls) filter (where is_look), 0)::float8 as looks,
  coalesce(sum(ms) filter (where is_look), 0) as "looksMs",
  coalesce(sum(blocks) filter (where is_look), 0)::float8 as blocks,
  coalesce(sum(calls) filter (where is_hint), 0)::float8 as hints,
  coalesce(sum(ms) filter (where is_hint), 0) as "hintsMs"
from (
  select calls, total_plan_time + total_exec_time as ms, shared_blks_hit + shared_blks_read as blocks,
    query like '%pg_postmaster_start_time()%pg_snapshot_xmax%' as is_look,
    query like '%pg_notify(%unnest(%' as is_hint
  from pg_stat_statements
) counted`;

type Counts = Pick<Cost, 'looks' | 'looksMs' | 'hints' | 'hintsMs'> & { readonly blocks: number };

/** @param during resolves with the number of changes that were made */
const costOf = async (
  place: DurablePlace,
  statements: Database,
  database: Database,
  during: () => Promise<number>,
): Promise<Cost> => {
  const pids = await connectionsThatLook(database);
  const spent = async (): Promise<number> => {
    const each = await Promise.all(pids.map(exactCpuSecondsOf));
    return each.reduce((sum, one) => sum + one, 0);
  };
  await statements.query('select pg_stat_statements_reset()');
  const [connectionsBefore, databaseBefore] = [await spent(), await place.databases.cpuSeconds()];
  const begin = performance.now();
  const changes = await during();
  const seconds = (performance.now() - begin) / 1_000;
  const [connections, all] = [await spent(), await place.databases.cpuSeconds()];
  const [counts] = await statements.query<Counts>(COUNTS);
  if (!counts || counts.looks === 0) throw new Error('PostgreSQL has counted no look');
  const aSecond = (total: number): number => total / seconds;
  return {
    changes: aSecond(changes),
    looks: aSecond(counts.looks),
    looksMs: aSecond(counts.looksMs),
    blocksALook: counts.blocks / counts.looks,
    hints: aSecond(counts.hints),
    hintsMs: aSecond(counts.hintsMs),
    connectionsMs: aSecond(connections - connectionsBefore) * 1_000,
    databaseMs: aSecond(all - databaseBefore) * 1_000,
  };
};

const connectionsThatLook = async (database: Database): Promise<number[]> => {
  const rows = await database.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database() and application_name = 'ringback listener'`,
  );
  if (rows.length === 0) throw new Error('no connection that looks for changes');
  return rows.map(({ pid }) => pid);
};

const cellsOf = (rounds: readonly Cost[]): string[] => {
  const of = (figure: keyof Cost): number => median(rounds.map((round) => round[figure]));
  const ms = (figure: keyof Cost, digits: number): string =>
    Number.isNaN(of(figure)) ? '' : `${of(figure).toFixed(digits)} ms`;
  return [
    of('changes').toFixed(0),
    of('looks').toFixed(1),
    ms('looksMs', 2),
    of('blocksALook').toFixed(0),
    of('hints').toFixed(0),
    ms('hintsMs', 2),
    ms('connectionsMs', 2),
    ms('databaseMs', 0),
  ];
};
