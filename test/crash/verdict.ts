/** Compares the service's records with the simulator's own callLog. */
import type { CallLogEntry } from '../../src/telephony/simulator/call-log.js';
import type { Cluster } from './cluster.js';

export interface CallRow {
  readonly callSid: string;
  readonly state: number;
  readonly endReason: string | null;
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
}

export const judge = async (cluster: Cluster, callSids: ReadonlySet<string>): Promise<Verdict> => {
  const rows = await cluster.database((database) =>
    database.query<CallRow[]>('select call_sid as "callSid", state, end_reason as "endReason" from call_records'),
  );
  const callLog = await cluster.simulator.callLog();
  const entryOf = new Map(callLog.map((entry) => [entry.callSid, entry]));
  const known = new Set(rows.map(({ callSid }) => callSid));
  return {
    calls: rows.length,
    open: rows.filter(({ state }) => state < 4).map(({ callSid }) => callSid),
    unknown: [...callSids].filter((callSid) => !known.has(callSid)),
    dialledTwice: callLog.filter(({ dials }) => dials > 1).map(({ callSid }) => callSid),
    stillTalking: callLog.filter((entry) => entry.callId !== null && !endOf(entry)).map(({ callSid }) => callSid),
    wrong: rows.flatMap(({ callSid, endReason }) => {
      const expected = endReasonOf(entryOf.get(callSid));
      return endReason === expected ? [] : [`${callSid}: ${endReason ?? 'open'} instead of ${expected}`];
    }),
  };
};

const endOf = ({ events }: CallLogEntry) => events.find(({ type }) => type === 'ended');

/** A call without a ring has failed: its dial was refused, failed, or was never sent. */
const endReasonOf = (entry: CallLogEntry | undefined): string =>
  (entry?.callId && (endOf(entry)?.endReason ?? 'nothing yet')) || 'failed';
