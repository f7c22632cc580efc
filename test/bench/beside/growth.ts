/**
 * The same service with ten thousand and with thirty million calls in its tables. Everyday requests must not become slower as the
 * tables grow.
 */
import { Client } from 'pg';
import { issueToken } from '../../../src/auth/token-issuer.js';
import { NEWEST_CALL_AT } from '../../support/many-calls.js';
import { putHistory } from './call-history.js';
import { Connection, requestBytes } from './connection.js';
import { CALLEE, CALLERS, callerOf, type Database, type LiveCall } from './databases.js';
import { JWT_SECRET } from './given.js';
import { measure, median, type Load, type Question, type Round } from './load.js';
import { ON_MEASURED_CORE } from './machine.js';
import { placeCalls } from './placing.js';
import type { Place } from './place.js';
import type { Program } from './program.js';
import type { Aim, Report } from './report.js';
import { startProvider, startService } from './service.js';
import { say } from './table.js';
import { sendStories } from './webhooks.js';

const SMALL = 10_000;
const LARGE = 30_000_000;
const ROUNDS = 3;
const WARM_UP_SECONDS = 1;
/** Requests in turns, after those that warm up: each plan of each connection of the pool. */
const TURNS = 600;
const WARM_UP_TURNS = 200;
const MAX_TIMES = 1.2;
/** The many calls have a partition for each of these months. The few are as after an upgrade from 0.1.0. */
const MONTHS = 30;
/** More calls than are polled between two cache resets, so that no poll finds its call in memory. */
const POLLED = 9_000;
const CLEAR_CACHE_AFTER = 4_500;
const MAX_EVENTS_A_SECOND = 4_000;

interface Side {
  readonly name: string;
  readonly database: Database;
  readonly service: Program;
  /** For clearing the service's cache. */
  readonly client: Client;
  readonly polls: readonly Question[];
}

interface GrowthWork {
  readonly name: string;
  /** A request rate at which nothing queues. */
  readonly pace: number;
  /** Connections of rounds at full load. */
  readonly connections: number;
  prepare(side: Side, seconds: number): Promise<Load['next']>;
}

export const measureGrowth = async (place: Place, seconds: number): Promise<Report> => {
  const { url: providerUrl } = await startProvider(place);
  const sides: Side[] = [];
  for (const [name, count] of Object.entries({ small: SMALL, large: LARGE })) {
    const database = await place.databases.create(name);
    await putHistory(database, count, count === LARGE ? MONTHS : undefined);
    const service = await startService(place, { database, providerUrl, launcher: ON_MEASURED_CORE });
    const client = new Client({ connectionString: database.url });
    await client.connect();
    place.started({ stop: () => client.end() });
    sides.push({ name, database, service, client, polls: await pollsOf(database) });
  }
  // Pending writes of the filling must not affect the measurement.
  await sides[0]?.client.query('checkpoint');
  const results: Results[] = [];
  for (const work of WORKS) results.push(await carryOut(work, sides, seconds));
  return reportOf(results);
};

/** The rounds of one work on each side, at a fixed pace and at full load; and the median of single requests in turns. */
interface Results {
  readonly inTurnsMs: readonly number[];
  readonly work: GrowthWork;
  readonly paced: readonly (readonly Round[])[];
  readonly full: readonly (readonly Round[])[];
}

const carryOut = async (work: GrowthWork, sides: readonly Side[], seconds: number): Promise<Results> => {
  const paced: Round[][] = sides.map(() => []);
  const full: Round[][] = sides.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, side] of sides.entries()) {
      const next = await work.prepare(side, 2 * (WARM_UP_SECONDS + seconds));
      const { connections } = work;
      await measure(side.service, { connections: 8, seconds: WARM_UP_SECONDS, next });
      paced[index]?.push(await measure(side.service, { connections, seconds, rate: work.pace, next }));
      full[index]?.push(await measure(side.service, { connections, seconds, next }));
      const shown = [paced[index]?.at(-1)?.p50Ms, full[index]?.at(-1)?.perSecond].map((figure) => figure?.toFixed(2));
      say(`growth: ${work.name}, ${side.name}: ${shown.join(' ms, ')} a second`);
    }
  }
  const inTurnsMs = await askInTurns(work, sides, seconds);
  say(`growth: ${work.name}, in turns: ${inTurnsMs.map((ms) => ms.toFixed(2)).join(' ms, ')} ms`);
  return { work, paced, full, inTurnsMs };
};

/** One request at a time, now to one side and now to the other, so that whatever else the machine does slows both down alike. */
const askInTurns = async (work: GrowthWork, sides: readonly Side[], seconds: number): Promise<number[]> => {
  const asked: { readonly next: Load['next']; readonly connection: Connection; readonly times: number[] }[] = [];
  for (const side of sides) {
    const next = await work.prepare(side, seconds);
    asked.push({ next, connection: await Connection.open(side.service.url), times: [] });
  }
  for (let turn = 0; turn < TURNS + WARM_UP_TURNS; turn++) {
    for (const { next, connection, times } of turn % 2 === 0 ? asked : asked.toReversed()) {
      const question = next(0);
      const begin = performance.now();
      const answer = await connection.ask(question.bytes);
      if (turn >= WARM_UP_TURNS) times.push(performance.now() - begin);
      if (!question.isRight(answer)) throw new Error(`answered ${answer.status} ${answer.body.slice(0, 200)}`);
    }
  }
  for (const { connection } of asked) connection.close();
  return asked.map(({ times }) => median(times));
};

/** Of calls that are over, spread evenly over the table, so that reads hit all parts of it. */
const pollsOf = async (database: Database): Promise<readonly Question[]> => {
  const calls = await database.query<{ callSid: string; callerId: string; state: number }>(
    `select call_sid as "callSid", caller_id as "callerId", state from (
       select call_sid, caller_id, state, row_number() over (order by call_sid) as place, count(*) over () as count
       from call_records where state = 4
     ) numbered where place % greatest(count / $1, 1) = 0 order by md5(call_sid) limit $1`,
    [POLLED],
  );
  const tokens = new Map<string, string>();
  for (const { callerId } of calls) {
    if (tokens.has(callerId)) continue;
    tokens.set(callerId, await issueToken(JWT_SECRET, { userId: callerId, lifetimeSeconds: 7_200 }));
  }
  return calls.map(({ callSid, callerId, state }) => ({
    bytes: requestBytes('GET', `/v1/app/callState/${callSid}?access_token=${tokens.get(callerId) ?? ''}`),
    isRight: ({ status, body }) => status === 200 && body.startsWith(`{"data":{"stateType":"${state}"}`),
  }));
};

/** The service clears its cache when it has lost the connection that tells it of changes. It connects again at once. */
const clearCache = (client: Client): Promise<unknown> =>
  client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'ringback listener' and datname = current_database()`,
  );

/** Ends the calls of the previous round. */
const endLiveCalls = (database: Database): Promise<unknown> =>
  database.query(
    `update call_records set state = 4, end_reason = 'completed', ended_by = 'provider', ended_at = now()
     where state < 4 and sub_account like 'bench%'`,
  );

const putMoreCalls = async (database: Database, count: number): Promise<LiveCall[]> => {
  const begin = `2611${String(Date.now()).slice(-11)}`;
  return database.query<LiveCall>(
    `insert into call_records (call_sid, caller_id, callee_id, caller_phone, callee_phone, provider, sub_account, state,
       requested_at, changes, sweep_at, deadline_at, turn_at)
     select $2 || lpad(n::text, 17, '0'), $3::bigint + n, $4, '+8613900001001', '+8613800002013', 'simulator', 'bench', 1,
       now(), 1, now() + interval '4 hours', now() + interval '4 hours', now()
     from generate_series(0, $1::int - 1) n
     returning call_sid as "callSid", caller_id as "callerId", state`,
    [count, begin, callerOf(0), CALLEE],
  );
};

const hoursBeforeNewest = (hours: number): string =>
  new Date(NEWEST_CALL_AT.getTime() - hours * 3_600_000).toISOString();

/** Each filter fills a page with any number of calls in the tables. */
const FILTERS = [
  '',
  'userId=1',
  'phone=%2B861056469588',
  'stateType=4',
  'endReason=completed',
  'userId=1&endReason=completed',
  'provider=simulator',
  `from=${hoursBeforeNewest(8)}&to=${hoursBeforeNewest(4)}`,
];
const ITEMS = 20;

const WORKS: readonly GrowthWork[] = [
  {
    name: 'state poll of calls that are not in memory',
    pace: 500,
    connections: 64,
    async prepare({ polls, client }) {
      await clearCache(client);
      let asked = 0;
      return () => {
        if (++asked % CLEAR_CACHE_AFTER === 0) void clearCache(client);
        return polls[asked % polls.length]!;
      };
    },
  },
  {
    name: 'webhook in',
    pace: 200,
    connections: 64,
    async prepare({ database }, seconds) {
      await endLiveCalls(database);
      const calls = Math.min(CALLERS, Math.ceil((seconds * MAX_EVENTS_A_SECOND) / 3));
      return sendStories(await putMoreCalls(database, calls));
    },
  },
  {
    name: 'placing a call, the provider replying after 20 ms',
    pace: 100,
    connections: 64,
    async prepare({ database }) {
      await endLiveCalls(database);
      return placeCalls(0);
    },
  },
  {
    name: `search in the admin API, ${FILTERS.length} filters by turns`,
    pace: 50,
    connections: 8,
    async prepare({ database }) {
      await endLiveCalls(database);
      const token = await issueToken(JWT_SECRET, { userId: '1', scope: 'admin', lifetimeSeconds: 7_200 });
      const questions = FILTERS.map((filter): Question => ({
        bytes: requestBytes('GET', `/v1/admin/calls?limit=${ITEMS}&${filter}`, { authorization: `Bearer ${token}` }),
        isRight: ({ status, body }) =>
          status === 200 && (JSON.parse(body) as { items: readonly unknown[] }).items.length === ITEMS,
      }));
      let asked = 0;
      return () => questions[asked++ % questions.length]!;
    },
  },
];

const reportOf = (results: readonly Results[]): Report => {
  const rows: string[][] = [];
  const aims: Aim[] = [];
  for (const { work, paced, full, inTurnsMs } of results) {
    const [smallP50 = NaN, largeP50 = NaN] = paced.map((rounds) => median(rounds.map(({ p50Ms }) => p50Ms)));
    const [smallRate = NaN, largeRate = NaN] = full.map((rounds) => median(rounds.map(({ perSecond }) => perSecond)));
    const p99 = paced.map((rounds) => median(rounds.map(({ p99Ms }) => p99Ms)));
    const [smallInTurns = NaN, largeInTurns = NaN] = inTurnsMs;
    const times = [largeInTurns / smallInTurns, largeP50 / smallP50, smallRate / largeRate];
    rows.push([
      work.name,
      String(work.pace),
      `${smallP50.toFixed(2)} ms`,
      `${largeP50.toFixed(2)} ms`,
      p99.map((figure) => `${figure.toFixed(1)} ms`).join(', '),
      smallRate.toFixed(0),
      largeRate.toFixed(0),
      `${smallInTurns.toFixed(2)} ms`,
      `${largeInTurns.toFixed(2)} ms`,
    ]);
    aims.push({
      text: `${work.name}: within ${MAX_TIMES} times`,
      figure: `${times.map((one) => one.toFixed(2)).join(', ')}: in turns, by p50, by a second`,
      isReached: times.every((one) => one <= MAX_TIMES),
    });
  }
  return {
    work: 'growth',
    title: `${LARGE} calls in the tables, in partitions of ${MONTHS} months, each with the event that ended it, against ${SMALL}`,
    head: [
      '',
      'pace a second',
      'p50, few calls',
      'p50, many',
      'p99, few and many',
      'a second, few',
      'a second, many',
      'in turns, few',
      'in turns, many',
    ],
    rows,
    aims,
  };
};
