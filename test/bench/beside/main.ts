/**
 * `npm run bench`: Ringback's speed, compared with the limit of Node and with typical hand-written programs. Arguments are the
 * names of works to run. --seconds sets the duration of a round, --profile a folder for V8's profile of our service, and
 * --write stores the figures in docs/performance.md.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startDatabases } from './databases.js';
import { measureCommitDelay } from './durable/commit-delay.js';
import { measureLooks, SETTINGS_OF_LOOKS } from './durable/looks.js';
import { durably } from './durable/place.js';
import { measureDurablePlacing, measureDurableWebhooks } from './durable/placing-and-webhooks.js';
import { measureDurableReplicas } from './durable/replicas.js';
import { measureDurableStreams } from './durable/streams.js';
import { measureGrowth } from './growth.js';
import { measureInstall } from './install.js';
import { keepFigures } from './keep-figures.js';
import { describeMachine, moveToOtherCore } from './machine.js';
import { OBSERVED } from './observed.js';
import { measureLive } from './live.js';
import { measurePartitions } from './partitions.js';
import type { Place } from './place.js';
import { PLACING, PLACING_AT_A_PACE } from './placing.js';
import type { Program } from './program.js';
import { measureReplicas } from './replicas.js';
import type { Report } from './report.js';
import { measureSoak } from './soak.js';
import { start } from './start.js';
import { STATE_POLL } from './state-poll.js';
import { measureStatistics } from './statistics.js';
import { measureStreams } from './streams.js';
import { say, tablesOf } from './table.js';
import { WEBHOOKS } from './webhooks.js';
import { compareContenders } from './work.js';

type CarryOut = (place: Place, seconds: number) => Promise<Report>;

const WORKS: Readonly<Record<string, readonly CarryOut[]>> = {
  state: [compareContenders(STATE_POLL)],
  placing: [compareContenders(PLACING), compareContenders(PLACING_AT_A_PACE)],
  webhooks: [compareContenders(WEBHOOKS)],
  streams: [measureStreams],
  live: [measureLive],
  statistics: [measureStatistics],
  ...OBSERVED,
  'durable-placing': [durably(measureDurablePlacing)],
  'durable-webhooks': [durably(measureDurableWebhooks)],
  'durable-replicas': [durably(measureDurableReplicas)],
  'durable-streams': [durably(measureDurableStreams)],
  'durable-commit-delay': [durably(measureCommitDelay)],
  'durable-looks': [durably(measureLooks, SETTINGS_OF_LOOKS)],
  replicas: [measureReplicas],
  start: [start],
  install: [measureInstall],
  growth: [measureGrowth],
  partitions: [measurePartitions],
  soak: [measureSoak],
};

/** Names of several works. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  durable: Object.keys(WORKS).filter((name) => name.startsWith('durable-')),
  observed: Object.keys(OBSERVED),
};

/** Works that take long, or need npm’s cache. */
const ONLY_BY_NAME: readonly string[] = [
  ...Object.keys(OBSERVED),
  'statistics',
  'install',
  'growth',
  'partitions',
  'soak',
];

/** Duration of a round, or of the whole soak. Rounds of `durable` and `observed` are shorter, because there are many. */
const secondsOf = (name: string): number => {
  if (name === 'soak') return 180;
  if (name === 'durable-commit-delay') return 1.5;
  if (GROUPS.observed?.includes(name)) return 1;
  return GROUPS.durable?.includes(name) ? 3 : 5;
};

const readLine = () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      profile: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const known = [...Object.keys(WORKS), ...Object.keys(GROUPS)];
  const unknownName = positionals.find((name) => !known.includes(name));
  if (unknownName !== undefined) throw new Error(`${unknownName} is none of ${known.join(', ')}`);
  const wanted = values.seconds === undefined ? undefined : Number(values.seconds);
  if (wanted !== undefined && !(wanted > 0)) throw new Error('--seconds: expected a number above 0');
  if (values.write && values.profile !== undefined) {
    throw new Error('--write, --profile: one of the two, for the profiler slows down what it looks at');
  }
  const usual = Object.keys(WORKS).filter((name) => !ONLY_BY_NAME.includes(name));
  return {
    names: positionals.length > 0 ? positionals.flatMap((name) => GROUPS[name] ?? [name]) : usual,
    wanted,
    writes: values.write,
    profileTo: values.profile === undefined ? undefined : resolve(values.profile),
  };
};

const main = async (): Promise<void> => {
  const { names, wanted, writes, profileTo } = readLine();
  moveToOtherCore();
  const folder = await mkdtemp(join(tmpdir(), 'ringback-bench-'));
  // PostgreSQL's user must be able to enter this folder. The bench removes it with all data.
  await chmod(folder, 0o711);
  const programs: Pick<Program, 'stop'>[] = [];
  const endPrograms = async (): Promise<void> => {
    while (programs.length > 0) await programs.pop()?.stop();
  };
  const toEnd: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true, maxRetries: 5 })];
  let ending: Promise<void> | undefined;
  const endAll = (): Promise<void> =>
    (ending ??= (async () => {
      await endPrograms();
      while (toEnd.length > 0) await toEnd.pop()?.();
    })());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void endAll().finally(() => process.exit(1)));
  }
  try {
    const databases = await startDatabases(folder);
    toEnd.push(() => databases.stop());
    const circumstances = describeMachine(databases.version);
    say(`${circumstances.machine}, commit ${circumstances.commit}, ${circumstances.date}`);
    const place: Place = { databases, folder, profileTo, started: (program) => programs.push(program) };
    for (const name of names) {
      const reports: Report[] = [];
      const seconds = wanted ?? secondsOf(name);
      for (const carryOut of WORKS[name] ?? []) {
        const report = await carryOut(place, seconds);
        await endPrograms();
        say(`\n${tablesOf(report)}`);
        reports.push(report);
      }
      if (writes) await keepFigures(Object.keys(WORKS), name, { ...circumstances, seconds, reports });
    }
  } finally {
    await endAll();
  }
};

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
