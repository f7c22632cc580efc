/**
 * `npm run bench`: how fast Ringback is, beside the limit and beside what people would write themselves. With a work's name
 * only that one; --seconds for shorter rounds, --profile for a folder in which V8 leaves a profile of our service.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startContenders, type Place } from './contenders.js';
import { startDatabases } from './databases.js';
import { describeMachine, moveToOtherCore } from './machine.js';
import { PLACING, PLACING_AT_A_PACE } from './placing.js';
import type { Program } from './program.js';
import { STATE_POLL } from './state-poll.js';
import { say, table } from './table.js';
import { WEBHOOKS } from './webhooks.js';
import { carryOut } from './work.js';
import { measureGrowth } from './growth.js';
import { measureReplicas } from './replicas.js';
import type { Report } from './report.js';
import { measureSoak } from './soak.js';
import { measureStreams } from './streams.js';

const WORKS = { state: [STATE_POLL], placing: [PLACING, PLACING_AT_A_PACE], webhooks: [WEBHOOKS] } as const;

/** Those that start what they measure. They run when they are named. */
const WORKS_ALONE: Readonly<Record<string, (place: Place, seconds?: number) => Promise<Report>>> = {
  streams: measureStreams,
  replicas: measureReplicas,
  soak: measureSoak,
  growth: measureGrowth,
};

const show = ({ title, head, rows, aims }: Report): void => {
  say(`\n${title}\n\n${table(head, rows)}\n`);
  const shown = aims.map(({ text, figure, isReached }) => [text, figure, isReached ? 'yes' : 'no']);
  say(table(['target for us', 'figure', 'reached'], shown));
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string' }, profile: { type: 'string' } },
  });
  const wanted = positionals.length > 0 ? positionals : Object.keys(WORKS);
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  const works = wanted.flatMap((name) => {
    if (name in WORKS_ALONE) return [];
    if (name in WORKS) return [...WORKS[name as keyof typeof WORKS]];
    throw new Error(`${name} is none of ${[...Object.keys(WORKS), ...Object.keys(WORKS_ALONE)].join(', ')}`);
  });
  moveToOtherCore();
  const folder = await mkdtemp(join(tmpdir(), 'ringback-bench-'));
  const toEnd: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true, maxRetries: 5 })];
  const endAll = async (): Promise<void> => {
    while (toEnd.length > 0) await toEnd.pop()?.();
  };
  process.once('SIGINT', () => void endAll().finally(() => process.exit(130)));
  try {
    const databases = await startDatabases(folder);
    toEnd.push(() => databases.stop());
    say(describeMachine(databases.version));
    const profileTo = values.profile === undefined ? undefined : resolve(values.profile);
    for (const name of wanted) {
      const measureAlone = WORKS_ALONE[name];
      if (measureAlone) show(await measureAlone({ databases, folder, profileTo }, seconds));
    }
    if (works.length === 0) return;
    const contenders = await startContenders({ databases, folder, profileTo }, (program: Program) => {
      toEnd.push(() => program.stop());
    });
    for (const work of works) await carryOut(work, contenders, seconds ?? 5);
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
