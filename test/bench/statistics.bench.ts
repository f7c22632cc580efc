/**
 * `npm run bench:statistics`: the statistics of a year of ten million calls, by HTTP. The rows are those that the service would have
 * kept. Takes about five minutes and 1 GB in the temporary folder.
 */
import { DataSource } from 'typeorm';
import { addCall, addFigures } from '../../src/call/statistics/figures.js';
import { FigureSums, writeKept } from '../../src/call/statistics/kept-figures.js';
import { QUARTER_MS, rowsAt } from '../../src/call/statistics/time-buckets.js';
import type { Grouping } from '../../src/call/statistics/call-statistic.entity.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { END_REASONS, type EndReason } from '../../src/call/record/call-lifecycle.js';
import { startTestApp } from '../support/test-app.js';
import { createTestDatabase } from '../support/test-database.js';

const CALLS = 10_000_000;
const DAYS = 365;
const FIRST_DAY = Date.UTC(2026, 0);
const ROWS_A_STATEMENT = 2_000;
const RUNS = 21;

const PROVIDERS = ['yuntongxun', 'asterisk', 'twilio'];
const SERVICE_LINES = ['', '1', '2', '3', '4', '5'];
const COUNTRIES = ['CN', 'HK', 'DE', 'US', 'GB', 'SG', 'JP', 'FR', 'AU', 'CA', 'IN', ''];

/** Reproducible; between 0 and 1. */
let state = 1;
const random = (): number => {
  state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
  return state / 2 ** 31;
};

/** The first ones are much more frequent. */
const oneOf = (keys: readonly string[]): string => keys[Math.floor(keys.length * random() ** 3)]!;

/** From 8 to 22 o'clock twenty times as many as at night. */
const perQuarter = (quarter: number): number => {
  const isDay = quarter >= 32 && quarter < 88;
  return Math.round(((CALLS / DAYS) * (isDay ? 20 : 1)) / (56 * 20 + 40));
};

const delay = (from: number, spread: number): number => Math.exp(Math.log(from) + spread * (random() + random() + random() - 1.5));

const fillDay = async (database: DataSource, day: number): Promise<number> => {
  const sums = new FigureSums();
  let calls = 0;
  for (let quarter = 0; quarter < 96; quarter++) {
    const startsAt = new Date(FIRST_DAY + (day * 96 + quarter) * QUARTER_MS);
    for (let number = perQuarter(quarter); number > 0; number--) {
      calls++;
      const isAnswered = random() < 0.65;
      const ringing = delay(4_000, 1);
      const answer = ringing + delay(9_000, 1);
      const end = answer + delay(90_000, 2);
      const at = (ms: number): Date => new Date(startsAt.getTime() + ms);
      const call = {
        requestedAt: startsAt,
        endReason: (isAnswered ? 'completed' : END_REASONS[1 + Math.floor(7 * random())]!) as EndReason,
        ringingAt: random() < 0.9 ? at(ringing) : null,
        answeredAt: isAnswered ? at(answer) : null,
        endedAt: at(end),
      };
      const keys: readonly [Grouping, string][] = [
        ['provider', oneOf(PROVIDERS)],
        ['service_line', oneOf(SERVICE_LINES)],
        ['country', oneOf(COUNTRIES)],
      ];
      for (const [groupedBy, key] of keys) addCall(sums.of({ groupedBy, key, minutes: 15, startsAt }), call, 1);
    }
  }
  for (const { figures, startsAt, minutes: _minutes, ...row } of [...sums.rows]) {
    for (const longer of rowsAt(startsAt)) if (longer.minutes > 15) addFigures(sums.of({ ...row, ...longer }), figures, 1);
  }
  for (let first = 0; first < sums.rows.length; first += ROWS_A_STATEMENT) {
    await writeKept(database as never, sums.rows.slice(first, first + ROWS_A_STATEMENT));
  }
  return calls;
};

const QUERIES: readonly string[] = ['none', 'month', 'week', 'day'].flatMap((every) =>
  ['none', 'provider', 'serviceLine', 'country'].map((by) => `every=${every}&by=${by}`),
);

const print = (text: string): boolean => process.stdout.write(`${text}\n`);

const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((one, other) => one - other);

it('reads a year of ten million calls', async () => {
  const testDatabase = await createTestDatabase();
  const database = await new DataSource(dataSourceOptions(testDatabase.url, 2)).initialize();
  const service = await startTestApp({ databaseUrl: testDatabase.url });
  try {
    const start = performance.now();
    let calls = 0;
    for (let day = 0; day < DAYS; day++) calls += await fillDay(database, day);
    await database.query('vacuum analyze call_statistics');
    const [{ rows, size }] = await database.query<[{ rows: number; size: string }]>(
      `select count(*)::int as rows, pg_size_pretty(pg_total_relation_size('call_statistics')) as size from call_statistics`,
    );
    print(`\n${calls} calls in ${rows} rows of ${size}, made in ${Math.round((performance.now() - start) / 1_000)} s\n`);
    print('| time zone | every | by | median | slowest | of the reply |\n| --- | --- | --- | --- | --- | --- |');
    const authorization = `Bearer ${await service.token('1001', 'admin')}`;
    for (const zone of ['Asia/Shanghai', 'Europe/Berlin', 'Asia/Kathmandu']) {
      for (const query of QUERIES) {
        const times: number[] = [];
        let bytes = 0;
        for (let run = 0; run < RUNS; run++) {
          const begin = performance.now();
          const response = await fetch(
            `${service.url}/v1/admin/statistics?from=2026-01-02&to=2026-12-31&timeZone=${zone}&${query}`,
            { headers: { authorization } },
          );
          bytes = (await response.arrayBuffer()).byteLength;
          times.push(performance.now() - begin);
          expect(response.status).toBe(200);
        }
        const [every, by] = query.split('&').map((part) => part.split('=')[1]);
        const median = sorted(times)[Math.floor(RUNS / 2)]!;
        print(
          `| ${zone} | ${every} | ${by} | ${median.toFixed(0)} ms | ${sorted(times).at(-1)!.toFixed(0)} ms | ${Math.ceil(bytes / 1_024)} KB |`,
        );
      }
    }
  } finally {
    await service.close();
    await database.destroy();
    await testDatabase.drop();
  }
}, 3_600_000);
