/**
 * Prepared statements, for the statements of every call and event. PostgreSQL plans a named statement once per
 * connection. Applying an event took 2.2 ms unnamed and 0.6 ms named, on the same machine in one run. A pooler must not
 * share our sessions (session-check.ts).
 */
import { DatabaseError, type ClientBase, type Pool } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import { inStatementSpan } from './database-span.js';
import type { TimedQuery } from './timeout-client.js';

export type PreparedStatement<Row extends object> = (
  database: DataSource,
  values: readonly unknown[],
) => Promise<Row[]>;

/** Each statement takes a millisecond or two. With this limit, a state request is answered within 3 s in all. */
const PREPARED_LIMIT_MS = 1_500;

/** @param name unique for this text in the whole service */
export const preparedStatement =
  <Row extends object = Record<string, never>>(name: string, text: string): PreparedStatement<Row> =>
  async (database, values) => {
    const query: TimedQuery = { name, text, values: [...values], query_timeout: PREPARED_LIMIT_MS };
    return inStatementSpan(name, () => run<Row>(poolOf(database), query));
  };

/** The same within a transaction, with the time limit of its connection. */
export const preparedInTransaction =
  <Row extends object = Record<string, never>>(name: string, text: string) =>
  async ({ queryRunner }: EntityManager, values: readonly unknown[]): Promise<Row[]> => {
    if (!queryRunner) throw new Error(`${name} runs in a transaction`);
    const client = (await queryRunner.connect()) as ClientBase;
    return (await client.query<Row>({ name, text, values: [...values] })).rows;
  };

const run = async <Row extends object>(pool: Pool, query: TimedQuery): Promise<Row[]> => {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    return (await client.query<Row>(query)).rows;
  } catch (error) {
    if (!isRefusal(error)) broken ??= error as Error;
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
};

/**
 * A statement that PostgreSQL refused because of its data or a constraint (SQLSTATE 22 and 23). Its connection is in order, while
 * pg's own query() would close it: a flood of refused calls would then cost a new connection each.
 */
const isRefusal = (error: unknown): boolean => error instanceof DatabaseError && /^2[23]/.test(error.code ?? '');

/** The pool of TypeORM; there is no second one. */
export const poolOf = ({ driver }: DataSource): Pool => (driver as unknown as { readonly master: Pool }).master;
