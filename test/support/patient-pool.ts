/**
 * A service gives up a request for a database connection when its caller would, after 1.3 s. A test that keeps its books through the same
 * pool waits longer: beside an Asterisk with its phones, a slow machine may need that time for a connection.
 */
import { poolOf } from '../../src/postgres/prepared-statement.js';
import type { TestApp } from './test-app.js';

const PATIENCE_MS = 30_000;

export const waitForConnections = ({ database }: Pick<TestApp, 'database'>): void => {
  const pool = poolOf(database);
  for (const limited of [pool, pool.options]) Object.assign(limited, { connectLimitMs: PATIENCE_MS });
};
