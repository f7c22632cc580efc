/**
 * Keeps the statistics. A trigger on the record appends each end of a call, and each amendment of an end, to end_to_count, in the
 * transaction that makes it; so nothing is missed, whichever version or person ends a call, and no two calls wait for each other.
 * One replica at a time counts these rows and removes them in one transaction, so each is counted once, whenever a process is killed.
 *
 * Beside that, each quarter of an hour is compared with its records once: those of before the first start of this version, in the
 * background; later ones a day after. What differs is mended. Quarters whose partition has been dropped stay as they are.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DataSource, type EntityManager } from 'typeorm';
import { growingTo } from '../../common/growing-cache.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { counter } from '../../common/metrics.js';
import { nextTurn } from '../../common/next-turn.js';
import { countryOf } from '../../common/phone-number.js';
import { RepeatedWork } from '../../common/repeated-work.js';
import { takeTurn } from '../../postgres/take-turn.js';
import { CONFIG, type Config } from '../../config/config.js';
import type { EndReason } from '../record/call-lifecycle.js';
import { CLOCK_TOLERANCE_MS, minCallSidAt, requestedAtOf } from '../record/call-sid.js';
import type { Grouping } from './call-statistic.entity.js';
import type { EndToCount } from './end-to-count.entity.js';
import { addCall, addFigures, areNone, type EndedCall } from './figures.js';
import { addToKept, FigureSums, figuresIn, type KeptFigures, type SummedRow } from './kept-figures.js';
import { QUARTER_MS, quarterOf } from './time-buckets.js';

const LOOK_EVERY_MS = 1_000;
/** Of these, quarters are compared for at most so long: about a quarter of one connection's time. */
const COMPARE_FOR_MS = 300;
/** Once all that are due have been compared. */
const COMPARE_AGAIN_MS = 60_000;
const BATCH = 1_000;
const CALLS_A_READ = 5_000;

/** A quarter is compared when hardly any call of it can change any more. */
const COMPARED_AFTER_MS = 86_400_000;

/** A clock that nobody has set, or of another time zone. So far calls are looked for before statistics are mended. */
const WRONG_CLOCK_MS = 26 * 3_600_000;

const mended = counter({
  name: 'ringback_statistics_mended_total',
  help: 'Quarters of an hour whose statistics differed from the records, and were mended.',
});

const AN_END = `requested_at as "requestedAt", provider, service_line_id as "serviceLineId", callee_phone as "calleePhone",
  old_end_reason as "oldEndReason", old_ringing_at as "oldRingingAt", old_answered_at as "oldAnsweredAt",
  old_ended_at as "oldEndedAt", end_reason as "endReason", ringing_at as "ringingAt", answered_at as "answeredAt",
  ended_at as "endedAt"`;

const TAKE = `
delete from end_to_count where id = any (array(select id from end_to_count order by id limit ${BATCH})) returning ${AN_END}`;

const PENDING = `
select ${AN_END} from end_to_count where requested_at >= $1 and requested_at < $1 + interval '15 minutes' order by id`;

const PROGRESS = `
select next_at as "nextAt", fill_until as "fillUntil", now()::timestamptz(3) as now,
  (select min(first_call_sid) from call_partition where table_name = 'call_records') as "firstCallSid"
from statistics_progress where id = 1`;

const PROCEED = 'update statistics_progress set next_at = $1 where id = 1';

const NEXT_CALL = `select call_sid as "callSid" from call_records where call_sid >= $1 order by call_sid limit 1`;

/** $1 and $2: a range of callSids. $3: the quarter. */
const CALLS = `
select call_sid as "callSid", requested_at as "requestedAt", provider, service_line_id as "serviceLineId",
  callee_phone as "calleePhone", end_reason as "endReason", ringing_at as "ringingAt", answered_at as "answeredAt",
  ended_at as "endedAt"
from call_records
where call_sid > $1 and call_sid < $2 and state = 4 and requested_at >= $3 and requested_at < $3 + interval '15 minutes'
order by call_sid limit ${CALLS_A_READ}`;

const KEPT = `
select grouped_by as "groupedBy", minutes, starts_at as "startsAt", row.key, row.* from call_statistics row
where grouped_by = any ($2::text[]) and minutes = 15 and starts_at = $1`;

type Parties = Pick<EndToCount, 'requestedAt' | 'provider' | 'serviceLineId' | 'calleePhone'>;
type CallRow = Parties & EndedCall & { readonly callSid: string };

interface Progress {
  readonly nextAt: Date | null;
  readonly fillUntil: Date;
  readonly now: Date;
  readonly firstCallSid: string;
}

@Injectable()
export class CallCounting implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly looks = new RepeatedWork(
    LOOK_EVERY_MS,
    () => this.look(),
    (error) => {
      this.logger.warn({ error }, 'calls cannot be counted; the statistics are behind');
    },
  );
  private compareAgainAt = 0;
  /** A country takes as long as some statements, and people call the same numbers. */
  private readonly countries = new LRUCache<string, string>(growingTo(10_000));

  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Pick<Config, 'phoneRegion'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.looks.stop();
  }

  /** Counts what there is, unless another replica is counting, and compares some quarters. */
  async look(): Promise<void> {
    await this.count();
    const until = performance.now() + COMPARE_FOR_MS;
    while (!this.looks.isStopped && this.compareAgainAt <= performance.now() && performance.now() < until) {
      if (!(await this.compareNext())) this.compareAgainAt = performance.now() + COMPARE_AGAIN_MS;
    }
  }

  async count(): Promise<void> {
    while (!this.looks.isStopped && (await this.database.transaction((transaction) => this.countBatch(transaction))));
  }

  /**
   * Compares the next quarter that is due and has calls.
   * @returns whether another one may be due
   */
  compareNext(): Promise<boolean> {
    // One snapshot for records, ends that are not counted yet, and statistics.
    return this.database.transaction('REPEATABLE READ', async (transaction) => {
      if (!(await isOurTurn(transaction))) return false;
      const [progress] = await transaction.query<Progress[]>(PROGRESS);
      if (!progress) return false;
      const horizon = horizonOf(progress);
      const quarter = await nextQuarter(transaction, progress);
      if (quarter === null || quarter > horizon) {
        // Statistics without any call are of calls that have been dropped.
        if (progress.nextAt === null || progress.nextAt <= horizon) {
          await transaction.query(PROCEED, [new Date(horizon.getTime() + QUARTER_MS)]);
        }
        return false;
      }
      if (progress.firstCallSid <= minCallSidAt(new Date(quarter.getTime() - CLOCK_TOLERANCE_MS))) {
        await this.compare(transaction, quarter, quarter <= progress.fillUntil);
      }
      await transaction.query(PROCEED, [new Date(quarter.getTime() + QUARTER_MS)]);
      return true;
    });
  }

  /** @returns whether there may be more */
  private async countBatch(transaction: EntityManager): Promise<boolean> {
    if (!(await isOurTurn(transaction))) return false;
    const [ends, count] = await transaction.query<[EndToCount[], number]>(TAKE);
    const sums = new FigureSums();
    for (const end of ends) this.addEnd(sums, end, 1);
    await addToKept(transaction, sums.rows);
    return count === BATCH;
  }

  /** @param isFirst the statistics of the quarter are not complete */
  private async compare(transaction: EntityManager, quarter: Date, isFirst: boolean): Promise<void> {
    let rows = await this.differences(transaction, quarter, CLOCK_TOLERANCE_MS);
    if (rows.length > 0 && !isFirst) rows = await this.differences(transaction, quarter, WRONG_CLOCK_MS);
    if (rows.length === 0) return;
    await addToKept(transaction, rows);
    if (isFirst) return;
    mended.inc();
    this.logger.warn({ quarter }, 'statistics of a quarter of an hour differed from the records and are mended');
  }

  /** What the statistics lack. @param toleranceMs by which the clock of a replica may differ from the database's */
  private async differences(
    transaction: EntityManager,
    quarter: Date,
    toleranceMs: number,
  ): Promise<readonly KeptFigures[]> {
    const difference = await this.countRecords(transaction, quarter, toleranceMs);
    for (const end of await transaction.query<EndToCount[]>(PENDING, [quarter])) this.addEnd(difference, end, -1);
    const groupings: readonly Grouping[] = ['provider', 'service_line', 'country'];
    for (const row of await transaction.query<(SummedRow & KeptFigures)[]>(KEPT, [quarter, groupings])) {
      addFigures(difference.of(row), figuresIn(row), -1);
    }
    return difference.rows.filter(({ figures }) => !areNone(figures));
  }

  private async countRecords(transaction: EntityManager, quarter: Date, toleranceMs: number): Promise<FigureSums> {
    const sums = new FigureSums();
    const end = minCallSidAt(new Date(quarter.getTime() + QUARTER_MS + toleranceMs));
    let after = minCallSidAt(new Date(quarter.getTime() - toleranceMs));
    for (let calls: CallRow[]; ;) {
      calls = await transaction.query<CallRow[]>(CALLS, [after, end, quarter]);
      for (const call of calls) this.add(sums, call, call, 1);
      after = calls.at(-1)?.callSid ?? end;
      if (calls.length < CALLS_A_READ) return sums;
      await nextTurn();
    }
  }

  private addEnd(sums: FigureSums, end: EndToCount, times: 1 | -1): void {
    const { requestedAt, oldEndReason, endReason } = end;
    if (oldEndReason !== null) {
      const { oldRingingAt: ringingAt, oldAnsweredAt: answeredAt, oldEndedAt: endedAt } = end;
      const before = { requestedAt, endReason: oldEndReason, ringingAt, answeredAt, endedAt };
      this.add(sums, end, before, times === 1 ? -1 : 1);
    }
    if (endReason !== null) this.add(sums, end, end as EndToCount & { endReason: EndReason }, times);
  }

  private add(sums: FigureSums, parties: Parties, call: EndedCall, times: 1 | -1): void {
    const row = { minutes: 15, startsAt: quarterOf(parties.requestedAt) };
    addCall(sums.of({ groupedBy: 'provider', key: parties.provider, ...row }), call, times);
    addCall(sums.of({ groupedBy: 'service_line', key: parties.serviceLineId ?? '', ...row }), call, times);
    addCall(sums.of({ groupedBy: 'country', key: this.countryOf(parties.calleePhone), ...row }), call, times);
  }

  private countryOf(phone: string): string {
    const known = this.countries.get(phone);
    if (known !== undefined) return known;
    const country = countryOf(phone, this.config.phoneRegion) ?? '';
    this.countries.set(phone, country);
    return country;
  }
}

const isOurTurn = async (transaction: EntityManager): Promise<boolean> =>
  (await takeTurn(transaction, 'count calls')) !== null;

/** The last quarter that is due. */
const horizonOf = ({ fillUntil, now }: Progress): Date => {
  const old = quarterOf(new Date(now.getTime() - COMPARED_AFTER_MS - QUARTER_MS));
  const first = quarterOf(fillUntil);
  return old > first ? old : first;
};

/** The next quarter that may have a call. Null if none has. */
const nextQuarter = async (transaction: EntityManager, { nextAt }: Progress): Promise<Date | null> => {
  const from = nextAt ?? new Date(0);
  const [call] = await transaction.query<{ callSid: string }[]>(NEXT_CALL, [
    minCallSidAt(new Date(from.getTime() - CLOCK_TOLERANCE_MS)),
  ]);
  if (!call) return null;
  const first = quarterOf(new Date(requestedAtOf(call.callSid).getTime() - CLOCK_TOLERANCE_MS));
  return first > from ? first : from;
};
