/**
 * The partitions of calls and of what belongs to them. A callSid begins with its time, and each month has a partition. The
 * functions of migration partition-by-month make and drop them, with the rights of the tables' owner.
 */
import { DatabaseError } from 'pg';
import type { DataSource } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';

/** Months after this one, so that an outage of a season makes no request wait for a partition. */
const MONTHS_AHEAD = 3;

const makeAhead = preparedStatement(
  'make-partitions-ahead',
  `
select call_partitions_make(to_char(date_trunc('month', now() at time zone 'UTC') + ahead * interval '1 month', 'YYMM'))
from generate_series(0, ${MONTHS_AHEAD}) ahead order by ahead`,
);

/** By the database's clock. */
export const makePartitionsAhead = async (database: DataSource): Promise<void> => {
  await makeAhead(database, []);
};

const make = preparedStatement('make-partitions', 'select call_partitions_make($1)');

/** SQLSTATE: a check constraint, which the error then names, or no partition. */
const CHECK_VIOLATION = '23514';

const isWithoutPartition = (error: unknown): boolean =>
  error instanceof DatabaseError && error.code === CHECK_VIOLATION && error.constraint === undefined;

/**
 * Inserts a call. If its month has no partition, because this replica's clock is months away from the database's, makes one and
 * inserts again.
 */
export const withPartition = async <T>(database: DataSource, callSid: string, insert: () => Promise<T>): Promise<T> => {
  try {
    return await insert();
  } catch (error) {
    if (!isWithoutPartition(error)) throw error;
    await make(database, [callSid.slice(0, 4)]);
    return insert();
  }
};

/**
 * By the database's clock: a replica with a wrong one must not drop anything. Not before 2000, because a callSid has two
 * digits of the year: 1999 would be 2099.
 */
const dropOld = preparedStatement<{ name: string | null }>(
  'drop-old-partition',
  `
select call_partitions_drop(
  rpad(to_char(
    greatest((now() - $1 * interval '1 day') at time zone 'UTC', timestamp '2000-01-01'), 'YYMMDDHH24MISS'), 32, '0')) as name`,
);

/**
 * Drops one partition whose calls are all older, unless one of them is open.
 * @returns its name; null if there is none
 */
export const dropOldPartition = async (database: DataSource, days: number): Promise<string | null> => {
  const [dropped] = await dropOld(database, [days]);
  return dropped?.name ?? null;
};
