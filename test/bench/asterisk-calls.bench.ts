/**
 * `npm run bench:asterisk`: calls per second of the service, as one replica and as three, through a real Asterisk, compared
 * with a bare script on the same Asterisk, dialplan and phones. Rounds alternate. Counts the database's transactions, of
 * which most have one statement. Takes about six minutes, on loopback only.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from '../asterisk/asterisk.js';
import { DIAL, numberOf } from '../asterisk/pbx-service.js';
import { startPhone, type Phone } from '../asterisk/phone.js';
import { endAllServices, startService } from '../start/service.js';
import { waitFor } from '../support/wait-for.js';
import { openBareAsterisk } from './bare-asterisk.js';
import { migrate } from '../../src/database/migrate.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres.js';
import { bringCallers, SERVICE_ENVIRONMENT } from './served-calls.js';

const missing = await fetchAsterisk();

/** Each caller places a call, waits until it ends and places the next one. So two cores are always fully loaded. */
const CALLERS = 40;
const RING_MS = 50;
const TALK_MS = 300;
const ROUNDS = 5;
const WARM_UP_MS = 2_000;
const MEASURED_MS = 12_000;
/** For the transactions of services that have no calls. */
const IDLE_MS = 3_000;

const print = (text: string): boolean => process.stdout.write(`${text}\n`);
const median = (numbers: readonly number[]): number =>
  [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;

/** Resolves when the call is over, with the milliseconds until leg B answered. */
type PlaceCall = (caller: number) => Promise<number>;

interface Work {
  readonly transactions: number;
  readonly rowsWritten: number;
}

interface Round {
  readonly perSecond: number;
  readonly answeredAfterMs: number;
  readonly failures: readonly string[];
  /** Of the database, for each call that ended. */
  readonly work?: Work;
}

describeOnAsterisk(missing, 'calls a second', () => {
  let dataDir: string;
  let postgres: EmbeddedPostgres;
  let database: pg.Client;
  let asterisk: Asterisk;
  let callers: Phone;
  let callees: Phone;

  beforeAll(async () => {
    asterisk = await startAsterisk();
    const habits = { calls: 1_000_000, untraced: true };
    callers = await startPhone(asterisk.folder, { ...habits, ringMs: 1 });
    callees = await startPhone(asterisk.folder, { ...habits, ringMs: RING_MS, talkMs: TALK_MS });
    // As with `npm start`: it flushes every commit to the disk.
    dataDir = await mkdtemp(join(tmpdir(), 'ringback-bench-'));
    postgres = await startEmbeddedPostgres({ dataDir });
    await migrate(postgres.url);
    database = new pg.Client({ connectionString: postgres.url });
    await database.connect();
  }, 120_000);
  afterAll(async () => {
    await endAllServices();
    await Promise.all([callers.end(), callees.end()]);
    await asterisk.remove();
    await database.end();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }, 60_000);

  /** Each contender is connected in its own rounds only, because every listener costs Asterisk processor time. */
  const withBareScript = async (use: (place: PlaceCall) => Promise<Round>): Promise<Round> => {
    const bare = await openBareAsterisk(asterisk);
    const result = await use(() => bare.call(callers.dialString, callees.dialString));
    await bare.close();
    return result;
  };
  const withReplicas =
    (count: number) =>
    async (use: (place: PlaceCall) => Promise<Round>): Promise<Round> => {
      const environment = { ...SERVICE_ENVIRONMENT, ...asterisk.environment, ASTERISK_DIAL: DIAL };
      const services = await Promise.all(
        Array.from({ length: count }, () =>
          startService({ environment: { ...environment, DATABASE_URL: postgres.url, METRICS_PORT: 'off' } }),
        ),
      );
      const urls = services.map(({ url }) => url);
      const served = await bringCallers(urls, CALLERS, numberOf(callers), numberOf(callees));
      for (const url of urls) await waitFor('readiness', async () => (await fetch(`${url}/health/ready`)).ok);
      const idle = await counts();
      await sleep(IDLE_MS);
      const before = await counts();
      const result = await use((caller) => served.callers[caller]!.call());
      const after = await counts();
      const perCall = (what: keyof Work): number => {
        const perMs = (before[what] - idle[what]) / (before.at - idle.at);
        return (after[what] - before[what] - perMs * (after.at - before.at)) / (after.calls - before.calls);
      };
      await served.close();
      await Promise.all(services.map((service) => service.stop()));
      return { ...result, work: { transactions: perCall('transactions'), rowsWritten: perCall('rowsWritten') } };
    };
  const count = async (query: string): Promise<number> =>
    Number((await database.query<{ count: string }>(`select (${query})::text as count`)).rows[0]?.count);
  const counts = async () => {
    // A session reports what it has done within a second.
    await sleep(1_500);
    const ofDatabase = (what: string) =>
      count(`select ${what} from pg_stat_database where datname = current_database()`);
    return {
      at: performance.now(),
      transactions: await ofDatabase('xact_commit + xact_rollback'),
      rowsWritten: await ofDatabase('tup_inserted + tup_updated'),
      calls: await count('select count(*) from call_records where state = 4'),
    };
  };

  const round = async (place: PlaceCall): Promise<Round> => {
    const begin = performance.now() + WARM_UP_MS;
    const end = begin + MEASURED_MS;
    const answeredAfterMs: number[] = [];
    const failures: string[] = [];
    const isMeasured = (): boolean => performance.now() >= begin && performance.now() < end;
    await Promise.all(
      Array.from({ length: CALLERS }, async (_, caller) => {
        while (performance.now() < end) {
          try {
            const answered = await place(caller);
            if (isMeasured()) answeredAfterMs.push(answered);
          } catch (error) {
            if (isMeasured()) failures.push((error as Error).message);
          }
        }
      }),
    );
    await waitFor('no channel', async () => (await asterisk.channels()).length === 0, 30_000);
    const perSecond = (answeredAfterMs.length * 1_000) / MEASURED_MS;
    return { perSecond, answeredAfterMs: median(answeredAfterMs), failures };
  };

  it('of the service and of a bare script', async () => {
    const contenders = [
      { name: 'bare script', run: withBareScript, results: [] as Round[] },
      { name: 'Ringback, one replica', run: withReplicas(1), results: [] as Round[] },
      { name: 'Ringback, three replicas', run: withReplicas(3), results: [] as Round[] },
    ];
    for (let turn = 0; turn < ROUNDS; turn++) for (const { run, results } of contenders) results.push(await run(round));

    const machine = `${cpus().length} cores of ${cpus()[0]?.model ?? 'an unknown kind'}`;
    print(`\n${await asterisk.command('core show version')}Node ${process.versions.node}, ${machine}`);
    print(
      `${CALLERS} callers, ${RING_MS} ms of ringing, ${TALK_MS} ms of talk, ${MEASURED_MS / 1_000} s a round, in turn\n`,
    );
    print(
      '| | calls a second, each round | median | request to answer, median | transactions a call | rows written a call | failed |',
    );
    print('| --- | --- | --- | --- | --- | --- | --- |');
    for (const { name, results } of contenders) {
      const perSecond = results.map((result) => result.perSecond);
      const answered = median(results.map((result) => result.answeredAfterMs));
      const failures = results.flatMap((result) => result.failures);
      const shown = [
        perSecond.map((one) => one.toFixed(0)).join(', '),
        median(perSecond).toFixed(0),
        `${answered.toFixed(0)} ms`,
        median(results.map(({ work }) => work?.transactions ?? 0)).toFixed(1),
        median(results.map(({ work }) => work?.rowsWritten ?? 0)).toFixed(1),
      ];
      print(`| ${[name, ...shown, failures.length].join(' | ')} |`);
      for (const failure of new Set(failures)) print(`failed: ${failure}`);
    }
  }, 600_000);
});
