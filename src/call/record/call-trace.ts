/**
 * A call is one trace: the record keeps the span that placed it, and what happens later, on any replica, is a child of that
 * one. It is read only where spans are made, and at most once for a call that this process has seen of late.
 */
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import { growingTo } from '../../common/growing-cache.js';
import { inTrace, isAboutCall, isTracing, traceIdOf } from '../../common/tracing.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';

const traceOfCall = preparedStatement<{ traceParent: string | null }>(
  'trace-of-call',
  'select trace_parent as "traceParent" from call_records where call_sid = $1',
);

/** Never changes once the record is open. Some 200 bytes each. */
const parents = new LRUCache<string, { readonly traceParent: string | null }>(growingTo(10_000));

/** Runs work as a part of the call's trace. */
export const inTraceOfCall = async <T>(database: DataSource, callSid: string, work: () => Promise<T>): Promise<T> => {
  if (!isTracing() || isAboutCall(callSid)) return work();
  return inTrace(callSid, await parentOf(database, callSid), work);
};

/** Traces are no reason for a call to fail. */
const parentOf = async (database: DataSource, callSid: string): Promise<string | null> => {
  const kept = parents.get(callSid);
  if (kept) return kept.traceParent;
  const [row] = await traceOfCall(database, [callSid]).catch(() => []);
  if (row) parents.set(callSid, row);
  return row?.traceParent ?? null;
};

/** For administrators; null if the call was placed without traces. */
export const traceIdOfCall = async (database: DataSource, callSid: string): Promise<string | null> => {
  const [row] = await traceOfCall(database, [callSid]);
  return traceIdOf(row?.traceParent ?? null);
};
