/** Shows a test the prepared statements of a service, and lets it make one fail. */
import type { PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { poolOf } from '../../src/postgres/prepared-statement.js';

/**
 * @param onStatement gets the name of each; what it throws is the statement's error
 * @returns ends the watch
 */
export const watchStatements = (database: DataSource, onStatement: (name: string) => void): (() => void) => {
  const pool = poolOf(database);
  const connect = pool.connect;
  pool.connect = ((...callback: unknown[]) => {
    const connected = (connect as (...callback: unknown[]) => Promise<PoolClient> | undefined).apply(pool, callback);
    return connected?.then((client) => watched(client, onStatement));
  }) as never;
  return () => {
    pool.connect = connect;
  };
};

/** Until it is released. */
const watched = (client: PoolClient, onStatement: (name: string) => void): PoolClient => {
  const query = client.query as (...asked: unknown[]) => unknown;
  const release = client.release;
  client.query = (async (...asked: unknown[]) => {
    onStatement((asked[0] as { name?: string }).name ?? '');
    return query.apply(client, asked);
  }) as never;
  client.release = (error) => {
    client.query = query as never;
    release.call(client, error);
  };
  return client;
};
