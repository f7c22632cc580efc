/**
 * Where a reader of all changes is: a snapshot of PostgreSQL, which says of each transaction whether it was committed by then. So
 * the changes after it are known exactly, on any replica, whatever the order of commits (change-look.ts).
 */

export interface LivePosition {
  readonly snapshot: string;
  /** The start of the server, in milliseconds. Another server counts its transactions anew. */
  readonly server: string;
}

/** With some hundred transactions in progress. It is the value of a header. */
const LONGEST = 4_000;

const SHAPE = /^(\d{1,16})-((\d{1,18}):(\d{1,18}):((?:\d{1,18}(?:,\d{1,18})*)?))$/;

export const textOfPosition = ({ snapshot, server }: LivePosition): string => `${server}-${snapshot}`;

/** Null if PostgreSQL could not read it. */
export const readPosition = (text: string): LivePosition | null => {
  if (text.length > LONGEST) return null;
  const [, server = '', snapshot = '', least = '', end = '', inProgress = ''] = SHAPE.exec(text) ?? [];
  if (snapshot === '') return null;
  const transactions = [least, ...inProgress.split(',').filter(Boolean)].map(BigInt);
  const isAscending = transactions.every((one, place) => place === 0 || (transactions[place - 1] ?? 0n) <= one);
  const last = transactions.at(-1) ?? 0n;
  const isInside = transactions.length === 1 ? last <= BigInt(end) : last < BigInt(end);
  return (transactions[0] ?? 0n) > 0n && isAscending && isInside ? { snapshot, server } : null;
};
