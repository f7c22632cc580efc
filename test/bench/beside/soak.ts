/**
 * Half of the maximum load for a long time: calls are placed, polled, followed, canceled and ended by webhooks. Memory must not
 * grow, no resource may leak, and no answer or record may be wrong.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, requestBytes } from './connection.js';
import { CALLEE, callerOf, CALLERS, type Database } from './databases.js';
import { ON_MEASURED_CORE } from './machine.js';
import type { Place } from './place.js';
import type { Program } from './program.js';
import type { Held, Insides } from './programs/insides.js';
import type { Aim, Report } from './report.js';
import { startService, WITH_INSIDES } from './service.js';
import { startMeasuredCarrier, type MeasuredCarrier } from './measured-carrier.js';
import { runCall } from './soak-story.js';
import { say } from './table.js';
import { tokensOf } from './tokens.js';

/** A talk of 17 seconds takes 1.7 seconds. */
const SIMULATOR_SPEED = 10;
/** By the last two digits: talk, busy, rejected, unreachable, duplicate events, reversed events, ended by the caller. */
const CALLEES = ['2000', '2001', '2003', '2004', '2010', '2011', '2012'];
/** The size of the service's cache of call states. It is filled first, because its growth is not a leak. */
const CACHED_CALLS = 100_000;
/** Connections that fill the cache. Few, because a cold program must not be under full load. */
const FILLED_BY = 8;
const WARM_UP = { callsASecond: 20, seconds: 5 };
/** After `beforehand` seconds the number of calls in progress is stable. */
const CALIBRATION = { callsASecond: 40, beforehand: 3, seconds: 5 };
/** Samples per run of any duration. */
const SAMPLES = 10;
/** The sample that the last one is compared with. */
const SAMPLE_OF_A_THIRD = 3;
/** Longer than idle connections stay open, to the database (10 s) or to the carrier (4 s). */
const SETTLING_MS = 12_000;
const CLOSING_MS = 1_000;

interface AtRest extends Insides, Held {
  readonly openFiles: number;
}

interface Sample extends Insides {
  readonly seconds: number;
  readonly calls: number;
  readonly openFiles: number;
  readonly busy: number;
}

export const measureSoak = async (place: Place, seconds: number): Promise<Report> => {
  const database = await place.databases.create('soak');
  await putCallees(database);
  const carrier = await startMeasuredCarrier(SIMULATOR_SPEED);
  place.started(carrier);
  const service = await startService(place, {
    database,
    providerUrl: carrier.url,
    launcher: ON_MEASURED_CORE,
    nodeOptions: WITH_INSIDES,
  });
  carrier.sendTo(service.url);
  return carryOut(service, database, carrier, seconds);
};

const carryOut = async (
  service: Program,
  database: Database,
  carrier: MeasuredCarrier,
  seconds: number,
): Promise<Report> => {
  await fillMemory(service, database);
  const crowd = new Crowd(service, await tokensOf(CALLERS));
  await crowd.place(WARM_UP.callsASecond, WARM_UP.seconds);
  await crowd.place(CALIBRATION.callsASecond, CALIBRATION.beforehand);
  const cpuBefore = await service.cpuSeconds();
  await crowd.place(CALIBRATION.callsASecond, CALIBRATION.seconds);
  const busy = ((await service.cpuSeconds()) - cpuBefore) / CALIBRATION.seconds;
  const rate = CALIBRATION.callsASecond / busy / 2;
  say(`soak: ${CALIBRATION.callsASecond} calls a second keep it busy for ${(busy * 100).toFixed(0)} % of the time`);

  const before = await atRest(service, crowd, carrier);
  const ownCpuBefore = process.cpuUsage();
  const samples: Sample[] = [];
  for (let number = 1; number <= SAMPLES; number++) {
    samples.push(await crowd.sample(rate, seconds / SAMPLES, (number * seconds) / SAMPLES));
    const { seconds: after, calls, heapBytes } = samples.at(-1)!;
    say(`soak: ${after.toFixed(0)} s, ${calls} calls, heap ${megabytes(heapBytes)}`);
  }
  const ownCpu = process.cpuUsage(ownCpuBefore);
  const after = await atRest(service, crowd, carrier);
  const faults = [...crowd.faults, ...(await service.complaints()), ...(await differences(database, carrier, crowd))];
  for (const fault of faults.slice(0, 10)) say(`soak: ${fault}`);
  const loadBusy = (ownCpu.user + ownCpu.system) / 1_000_000 / seconds;
  return reportOf({ seconds, rate, samples, before, after, faults, calls: crowd.placed, loadBusy });
};

/** Measures when all calls have ended and idle resources are released. */
const atRest = async (service: Program, crowd: Crowd, carrier: MeasuredCarrier): Promise<AtRest> => {
  await crowd.untilAllEnd();
  await sleep(SETTLING_MS);
  await carrier.disconnect();
  await sleep(CLOSING_MS);
  const openFiles = await service.openFiles();
  return { ...(await service.insides()), ...(await service.held()), openFiles };
};

const putCallees = async (database: Database): Promise<void> => {
  await database.query(
    `insert into app_user (id, name, phone) select id, 'callee', '+861380000' || id from unnest($1::bigint[]) id`,
    [CALLEES],
  );
};

/** Fills the caches: each old call is polled once, and every token is verified once. */
const fillMemory = async (service: Program, database: Database): Promise<void> => {
  const calls = await database.query<{ callSid: string; caller: number }>(
    `insert into call_records (call_sid, caller_id, callee_id, caller_phone, callee_phone, provider, sub_account, state,
       end_reason, ended_by, requested_at, ended_at, changes, sweep_at, deadline_at)
     select '2501010000000' || lpad(n::text, 19, '0'), $3::bigint + n % $4::int, $2, '+8613900001001', '+8613800002013',
       'retired', 'bench', 4, 'completed', 'provider', '2025-01-01', '2025-01-01', 4, '2025-01-01', '2025-01-01'
     from generate_series(1, $1::int) n
     returning call_sid as "callSid", (caller_id - $3)::int as caller`,
    [CACHED_CALLS, CALLEE, callerOf(0), CALLERS],
  );
  await database.query('vacuum analyze call_records');
  const tokens = await tokensOf(CALLERS);
  await Promise.all(
    Array.from({ length: FILLED_BY }, async () => {
      const connection = await Connection.open(service.url);
      for (let call = calls.pop(); call; call = calls.pop()) {
        const path = `/v1/app/callState/${call.callSid}?access_token=${tokens[call.caller] ?? ''}`;
        const { body } = await connection.ask(requestBytes('GET', path));
        if (!body.startsWith('{"data":{"stateType":"4"}')) throw new Error(`the state of an old call: ${body}`);
      }
      connection.close();
    }),
  );
};

/** Callers who place calls at an even rate. Each has one call at a time. */
class Crowd {
  placed = 0;
  readonly callSids = new Set<string>();
  readonly faults: string[] = [];
  private readonly inFlight = new Set<Promise<void>>();

  constructor(
    private readonly service: Program,
    private readonly tokens: readonly string[],
  ) {}

  /** Samples the service after the given seconds, while calls continue. */
  async sample(callsASecond: number, seconds: number, atSeconds: number): Promise<Sample> {
    const cpuBefore = await this.service.cpuSeconds();
    await this.place(callsASecond, seconds);
    const busy = ((await this.service.cpuSeconds()) - cpuBefore) / seconds;
    const openFiles = await this.service.openFiles();
    return { ...(await this.service.insides()), seconds: atSeconds, calls: this.placed, openFiles, busy };
  }

  async untilAllEnd(): Promise<void> {
    await Promise.all(this.inFlight);
  }

  async place(callsASecond: number, seconds: number): Promise<void> {
    const begin = performance.now();
    for (let due = begin; due < begin + seconds * 1_000; due += 1_000 / callsASecond) {
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      this.begin();
    }
  }

  private begin(): void {
    const number = this.placed++;
    const story = runCall(
      {
        serviceUrl: this.service.url,
        token: this.tokens[number % this.tokens.length] ?? '',
        // A call to CALLEE lasts until it is canceled, and these calls are canceled.
        calleeId: number % 5 === 0 ? CALLEE : (CALLEES[number % CALLEES.length] ?? ''),
      },
      number,
    ).then(
      (callSid) => {
        this.callSids.add(callSid);
      },
      (error: unknown) => {
        this.faults.push(String(error));
      },
    );
    this.inFlight.add(story);
    void story.then(() => this.inFlight.delete(story));
  }
}

/** Differences between the callers' calls, the carrier's events and the records. */
const differences = async (
  database: Database,
  { ends, dialledTwice }: MeasuredCarrier,
  { placed, callSids }: Crowd,
): Promise<string[]> => {
  const records = await database.query<{ callSid: string; state: number; endReason: string | null }>(
    `select call_sid as "callSid", state, end_reason as "endReason" from call_records where provider = 'simulator'`,
  );
  const different = records
    .filter(({ callSid, state, endReason }) => state !== 4 || endReason !== ends.get(callSid) || !callSids.has(callSid))
    .map((record) => `${JSON.stringify(record)} was told to end as ${ends.get(record.callSid) ?? 'nothing'}`);
  if (records.length !== placed) different.push(`${placed} calls were placed and ${records.length} are recorded`);
  return [...different, ...(await dialledTwice()).map((callSid) => `${callSid} was dialled more than once`)];
};

interface Outcome {
  readonly seconds: number;
  readonly rate: number;
  readonly samples: readonly Sample[];
  readonly before: AtRest;
  readonly after: AtRest;
  readonly faults: readonly string[];
  readonly calls: number;
  readonly loadBusy: number;
}

const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`;
const resourcesOf = ({ resources }: Insides): string =>
  Object.entries(resources)
    .sort()
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');

const reportOf = ({ seconds, rate, samples, before, after, faults, calls, loadBusy }: Outcome): Report => {
  const aThird = samples[SAMPLE_OF_A_THIRD - 1]!;
  const last = samples.at(-1)!;
  const growth = last.heapBytes / aThird.heapBytes;
  const rowOf = (
    when: string,
    one: Insides & Partial<Held> & { readonly openFiles: number },
    more: readonly string[],
  ): string[] => [
    when,
    ...more,
    megabytes(one.residentBytes),
    megabytes(one.heapBytes),
    String(one.openFiles),
    String(one.emitters ?? ''),
    String(one.signals ?? ''),
    resourcesOf(one),
  ];
  const left = (['openFiles', 'emitters', 'signals'] as const).map((kind) => after[kind] - before[kind]);
  const aims: readonly Aim[] = [
    { text: 'heap at the end ≤ 1.05 of it at a third', figure: growth.toFixed(3), isReached: growth <= 1.05 },
    {
      text: 'afterwards no more open files, emitters and abort signals than before',
      figure: left.map((count) => (count > 0 ? `+${count}` : String(count))).join(', '),
      isReached: left.every((count) => count <= 0),
    },
    {
      text: 'no wrong answer, no wrong record, no warning in the log',
      figure: `${faults.length} among ${calls} calls`,
      isReached: faults.length === 0,
    },
  ];
  return {
    work: 'soak',
    title:
      `${seconds} seconds of half the load: ${rate.toFixed(0)} calls a second, each placed, followed to its end by polls, ` +
      `long polls or a stream, one in five canceled; the load itself busy for ${(loadBusy * 100).toFixed(0)} % of its core`,
    head: ['', 'calls', 'busy', 'resident', 'heap', 'open files', 'emitters', 'abort signals', 'keeps it alive'],
    rows: [
      rowOf('before', before, ['', '']),
      ...samples.map((one) =>
        rowOf(`${one.seconds.toFixed(0)} s`, one, [String(one.calls), `${(one.busy * 100).toFixed(0)} %`]),
      ),
      rowOf('after', after, [String(calls), '']),
    ],
    aims,
  };
};
