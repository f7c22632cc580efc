/** Compares the service's records with the simulator's own callLog. */
import type { CallLogEntry } from '../../src/telephony/simulator/call-log.js';
import { wrongStatistics } from '../support/wrong-statistics.js';
import type { Cluster } from './cluster.js';

export interface CallRow {
  readonly callSid: string;
  readonly state: number;
  readonly endReason: string | null;
  readonly calleePhone: string;
  readonly hunt: readonly string[] | null;
  readonly legsEnded: number;
}

export interface Verdict {
  readonly calls: number;
  readonly open: readonly string[];
  /** callSids that a client has received and that are not recorded. */
  readonly unknown: readonly string[];
  readonly dialledTwice: readonly string[];
  /** Still going on at the provider. */
  readonly stillTalking: readonly string[];
  readonly wrong: readonly string[];
  /** Rows that differ from the records. */
  readonly statistics: readonly unknown[];
}

const ROWS = `
select call_sid as "callSid", state, end_reason as "endReason", callee_phone as "calleePhone", hunt, (
  select count(*)::integer from call_events event where event.call_sid = record.call_sid and type = 'leg_ended'
) as "legsEnded"
from call_records record`;

export const judge = async (cluster: Cluster, callSids: ReadonlySet<string>): Promise<Verdict> => {
  const { rows, statistics } = await cluster.database(async (database) => ({
    rows: await database.query<CallRow[]>(ROWS),
    statistics: await wrongStatistics(database),
  }));
  const callLog = await cluster.simulator.callLog();
  const entryOf = new Map(callLog.map((entry) => [entry.callSid, entry]));
  const known = new Set(rows.map(({ callSid }) => callSid));
  return {
    calls: rows.length,
    open: rows.filter(({ state }) => state < 4).map(({ callSid }) => callSid),
    unknown: [...callSids].filter((callSid) => !known.has(callSid)),
    dialledTwice: callLog.filter(({ dials }) => dials > 1).map(({ callSid }) => callSid),
    stillTalking: callLog.filter((entry) => entry.callId !== null && !endOf(entry)).map(({ callSid }) => callSid),
    wrong: rows.flatMap((row) => {
      const entry = entryOf.get(row.callSid);
      const found = [row.endReason ?? 'open', ...(row.hunt ? [row.calleePhone, row.legsEnded] : [])].join(' ');
      const expected = [endReasonOf(entry), ...(row.hunt ? huntOf(row.hunt, entry) : [])].join(' ');
      return found === expected ? [] : [`${row.callSid}: ${found} instead of ${expected}`];
    }),
    statistics,
  };
};

/** The number at which the call was at last, and how many had ended before. */
const huntOf = (hunt: readonly string[], entry: CallLogEntry | undefined): readonly [string | undefined, number] => {
  const events = entry?.events ?? [];
  const places = events.map(({ type, place = 1 }) => place + Number(type === 'leg_ended'));
  return [hunt[Math.max(1, ...places) - 1], events.filter(({ type }) => type === 'leg_ended').length];
};

const endOf = ({ events }: CallLogEntry) => events.find(({ type }) => type === 'ended');

/** A call without a ring has failed: its dial was refused, failed, or was never sent. */
const endReasonOf = (entry: CallLogEntry | undefined): string =>
  (entry?.callId && (endOf(entry)?.endReason ?? 'nothing yet')) || 'failed';
