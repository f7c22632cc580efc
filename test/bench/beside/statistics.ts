/**
 * The statistics of a year of ten million calls, by HTTP. The rows are those that the service would have kept: the bench makes them
 * with its code.
 */
import { Client } from 'pg';
import { issueToken } from '../../../src/auth/token-issuer.js';
import { END_REASONS } from '../../../src/call/record/call-lifecycle.js';
import type { Grouping } from '../../../src/call/statistics/call-statistic.entity.js';
import { addCall, addFigures } from '../../../src/call/statistics/figures.js';
import { FigureSums, writeKept } from '../../../src/call/statistics/kept-figures.js';
import { QUARTER_MS, rowsAt } from '../../../src/call/statistics/time-buckets.js';
import { callerOf } from './databases.js';
import { JWT_SECRET } from './given.js';
import { median } from './load.js';
import { ON_MEASURED_CORE } from './machine.js';
import type { Place } from './place.js';
import type { Report } from './report.js';
import { startProvider, startService } from './service.js';
import { say } from './table.js';

const CALLS = 10_000_000;
const WEEKS = 52;
const DAYS = 7 * WEEKS;
const FIRST_DAY = Date.UTC(2026, 0);
const ROWS_A_STATEMENT = 2_000;
const RUNS = 11;
const LIMIT_MS = 200;

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

/** In milliseconds. */
const delay = (usual: number, spread: number): number =>
  usual * Math.exp(spread * (random() + random() + random() - 1.5));

const fillDay = async (database: Pick<Client, 'query'>, day: number): Promise<number> => {
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
        endReason: isAnswered ? ('completed' as const) : END_REASONS[1 + Math.floor(7 * random())]!,
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
  for (const { figures, startsAt, groupedBy, key } of [...sums.rows]) {
    for (const longer of rowsAt(startsAt)) {
      if (longer.minutes > 15) addFigures(sums.of({ groupedBy, key, ...longer }), figures, 1);
    }
  }
  for (let first = 0; first < sums.rows.length; first += ROWS_A_STATEMENT) {
    const query = (text: string, values?: unknown[]) => database.query(text, values);
    await writeKept({ query } as never, sums.rows.slice(first, first + ROWS_A_STATEMENT));
  }
  return calls;
};

const ZONES = ['Asia/Shanghai', 'Europe/Berlin', 'Asia/Kathmandu'];
const PERIODS = ['none', 'month', 'week', 'day'];
const GROUPS = ['none', 'provider', 'serviceLine', 'country'];

/** The first week, again and again. */
const REPEAT = `
insert into call_statistics
select grouped_by, minutes, starts_at + week * interval '7 days', key, calls, answered, talk_seconds, completed, canceled, busy, no_answer,
  rejected, unreachable, failed, lost, ringing_delays, answer_delays
from call_statistics, generate_series(1, $1::integer) week`;

export const measureStatistics = async (place: Place): Promise<Report> => {
  const database = await place.databases.create('statistics');
  const client = new Client({ connectionString: database.url });
  await client.connect();
  place.started({ stop: () => client.end() });
  let calls = 0;
  for (let day = 0; day < 7; day++) calls += WEEKS * (await fillDay(client, day));
  await client.query(REPEAT, [WEEKS - 1]);
  await client.query('vacuum analyze call_statistics');
  const [kept] = await database.query<{ rows: number; size: string }>(
    `select count(*)::int as rows, pg_size_pretty(pg_total_relation_size('call_statistics')) as size from call_statistics`,
  );
  say(`${calls} calls in ${String(kept?.rows)} rows of ${String(kept?.size)}`);
  const { url: providerUrl } = await startProvider(place);
  const service = await startService(place, { database, providerUrl, launcher: ON_MEASURED_CORE });
  const token = await issueToken(JWT_SECRET, { userId: callerOf(0), scope: 'admin', lifetimeSeconds: 7_200 });
  const ask = async (query: string): Promise<{ ms: number; bytes: number }> => {
    const begin = performance.now();
    const response = await fetch(`${service.url}/v1/admin/statistics?from=2026-01-01&to=2027-01-01&${query}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { byteLength } = await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`statistics answered ${response.status}`);
    return { ms: performance.now() - begin, bytes: byteLength };
  };
  const processors = async (): Promise<number[]> => [await service.cpuSeconds(), await place.databases.cpuSeconds()];
  const results: { every: string; by: string; ms: number[][]; bytes: number; cpuMs: number[] }[] = [];
  for (const every of PERIODS) {
    for (const by of GROUPS) {
      const result = { every, by, ms: [] as number[][], bytes: 0, cpuMs: [] as number[] };
      const before = await processors();
      for (const zone of ZONES) {
        const times: number[] = [];
        for (let run = 0; run < RUNS; run++) {
          const { ms, bytes } = await ask(`every=${every}&by=${by}&timeZone=${zone}`);
          times.push(ms);
          result.bytes = bytes;
        }
        result.ms.push(times);
      }
      const after = await processors();
      result.cpuMs = after.map((seconds, index) => ((seconds - before[index]!) * 1_000) / (RUNS * ZONES.length));
      results.push(result);
    }
  }
  const longest = Math.max(...results.flatMap(({ ms }) => ms.map(median)));
  const most = Math.max(...results.map(({ cpuMs }) => cpuMs.reduce((sum, one) => sum + one)));
  return {
    work: 'statistics',
    title: `statistics of a year of ${calls} calls (${PROVIDERS.length} providers, ${SERVICE_LINES.length - 1} service lines, ${COUNTRIES.length - 1} countries; ${String(kept?.rows)} rows, ${String(kept?.size)})`,
    head: [
      'every',
      'by',
      ...ZONES.map((zone) => `median, ${zone}`),
      'slowest',
      'processor a reply',
      'PostgreSQL’s',
      'reply',
    ],
    rows: results.map(({ every, by, ms, bytes, cpuMs }) => [
      every,
      by,
      ...ms.map((times) => `${median(times).toFixed(0)} ms`),
      `${Math.max(...ms.flat()).toFixed(0)} ms`,
      ...cpuMs.map((one) => `${one.toFixed(0)} ms`),
      `${Math.ceil(bytes / 1_024)} KB`,
    ]),
    aims: [
      {
        text: `each reply under ${LIMIT_MS} ms of processor time, with PostgreSQL’s`,
        figure: `${most.toFixed(0)} ms`,
        isReached: most < LIMIT_MS,
      },
      { text: `each median under ${LIMIT_MS} ms`, figure: `${longest.toFixed(0)} ms`, isReached: longest < LIMIT_MS },
    ],
  };
};
