/**
 * `npm run bench:replicas`: what the database does for a call with one replica and with three, at two rates: statements by
 * pg_stat_statements, without those of the same replicas when they have no calls. Takes about four minutes, on loopback only.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '../../src/database/migrate.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres.js';
import { endAllServices, startService } from '../start/service.js';
import { waitFor } from '../support/wait-for.js';
import { bringCallers, SERVICE_ENVIRONMENT, type ServedCaller } from './served-calls.js';
import { startToldAsterisk, type ToldAsterisk } from './told-asterisk.js';

const REPLICAS = [1, 3];
/** A machine may not reach the second one; the calls that it has carried are printed. */
const RATES = [20, 100];
const CALLERS = 120;
const IDLE_MS = 10_000;
const WARM_UP_MS = 4_000;
const MEASURED_MS = 15_000;
/** A session reports what it has done within a second. */
const REPORT_MS = 1_500;
const NUMBERS = ['+8613900001001', '+8613900001002'] as const;

const print = (text: string): boolean => process.stdout.write(`${text}\n`);

type Counts = ReadonlyMap<string, number>;

let dataDir: string;
let postgres: EmbeddedPostgres;
let statements: pg.Client;
let asterisk: ToldAsterisk;

beforeAll(async () => {
  asterisk = await startToldAsterisk();
  dataDir = await mkdtemp(join(tmpdir(), 'ringback-bench-'));
  postgres = await startEmbeddedPostgres({ dataDir, settings: ['shared_preload_libraries=pg_stat_statements'] });
  await migrate(postgres.url);
  const maintenance = new URL(postgres.superuserUrl);
  maintenance.pathname = '/postgres';
  statements = new pg.Client({ connectionString: maintenance.href });
  await statements.connect();
  await statements.query('create extension if not exists pg_stat_statements');
}, 120_000);
afterAll(async () => {
  await endAllServices();
  await asterisk.close();
  await statements.end();
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

const counts = async (): Promise<Counts> => {
  await sleep(REPORT_MS);
  const { rows } = await statements.query<{ text: string; calls: string }>(
    `select regexp_replace(query, '\\s+', ' ', 'g') as text, sum(calls)::text as calls
     from pg_stat_statements join pg_database on pg_database.oid = dbid where datname = 'ringback' group by 1`,
  );
  const transactions = await statements.query<{ count: string }>(
    `select (xact_commit + xact_rollback)::text as count from pg_stat_database where datname = 'ringback'`,
  );
  return new Map([
    ['transactions', Number(transactions.rows[0]?.count)],
    ...rows.map(({ text, calls }): [string, number] => [text, Number(calls)]),
  ]);
};

/** A caller is busy until its call is over. @returns the number of calls, and how many seconds they took */
const placeAt = async (rate: number, ms: number, callers: readonly ServedCaller[]) => {
  const free = [...callers];
  const running = new Set<Promise<void>>();
  const failures: string[] = [];
  const begin = performance.now();
  let placed = 0;
  while (performance.now() < begin + ms) {
    const caller = free.shift();
    if (caller) {
      placed++;
      const call = caller.call().then(
        () => undefined,
        (error: unknown) => void failures.push((error as Error).message),
      );
      running.add(call);
      void call.then(() => {
        running.delete(call);
        free.push(caller);
      });
    }
    await sleep(Math.max(1, begin + (placed * 1_000) / rate - performance.now()));
  }
  await Promise.all(running);
  return { calls: placed - failures.length, seconds: (performance.now() - begin) / 1_000, failures };
};

it.each(RATES.flatMap((rate) => REPLICAS.map((replicas) => [rate, replicas] as const)))(
  'at %i calls a second, with %i replicas',
  async (rate, replicas) => {
    const environment = { ...SERVICE_ENVIRONMENT, ...asterisk.environment, ASTERISK_DIAL: '=PJSIP/{digits}' };
    const services = await Promise.all(
      Array.from({ length: replicas }, () =>
        startService({ environment: { ...environment, DATABASE_URL: postgres.url, METRICS_PORT: 'off' } }),
      ),
    );
    const urls = services.map(({ url }) => url);
    for (const url of urls) await waitFor('readiness', async () => (await fetch(`${url}/health/ready`)).ok);
    const served = await bringCallers(urls, CALLERS, ...NUMBERS);

    const before = await counts();
    const idleSince = performance.now();
    await sleep(IDLE_MS);
    const idle = await counts();
    const idleSeconds = (performance.now() - idleSince) / 1_000;
    await placeAt(rate, WARM_UP_MS, served.callers);
    const from = await counts();
    const since = performance.now();
    const { calls, seconds, failures } = await placeAt(rate, MEASURED_MS, served.callers);
    const to = await counts();
    const total = (performance.now() - since) / 1_000;

    print(
      `\n${replicas} replicas, ${rate} a second: ${(calls / seconds).toFixed(1)} calls a second, ${failures.length} failed`,
    );
    for (const failure of new Set(failures)) print(`failed: ${failure}`);
    const rows = [...to].map(([text, count]) => {
      const idleRate = ((idle.get(text) ?? 0) - (before.get(text) ?? 0)) / idleSeconds;
      const all = count - (from.get(text) ?? 0);
      return { text, idleRate, aSecond: all / total, aCall: (all - idleRate * total) / calls };
    });
    print('| a call | a second | a second, without calls | statement |');
    print('| --- | --- | --- | --- |');
    for (const { text, idleRate, aSecond, aCall } of rows.sort((one, other) => other.aCall - one.aCall)) {
      if (aCall < 0.05 && idleRate < 0.5) continue;
      const shown = [
        aCall.toFixed(2),
        aSecond.toFixed(1),
        idleRate.toFixed(1),
        text.slice(0, 120).replaceAll('|', '/'),
      ];
      print(`| ${shown.join(' | ')} |`);
    }
    await served.close();
    await Promise.all(services.map((service) => service.stop()));
  },
  240_000,
);
