/**
 * The durable queue is graphile-worker, in its own schema beside our tables. So a job is added in the transaction that
 * causes it.
 */
import type { Pool } from 'pg';
import { GradualPool, type GradualPoolConfig } from './gradual-pool.js';
import { runMigrations } from './graphile-worker.js';
import { TimeoutClient } from './timeout-client.js';
import type { SessionSettings } from './session-options.js';

/** Set explicitly: graphile-worker could also take it from the environment, which our SQL does not read. */
export const JOB_SCHEMA = 'graphile_worker';

interface JobPoolConfig extends GradualPoolConfig {
  readonly session?: SessionSettings;
}

/** A pool whose connections may be lost at any time. graphile-worker warns if a pool has no error listeners. */
export const jobPool = (config: JobPoolConfig, onLost: (error: unknown) => void): Pool => {
  const all = { application_name: 'ringback jobs', keepAlive: true, Client: TimeoutClient, ...config };
  const pool = new GradualPool(all as GradualPoolConfig);
  pool.on('error', onLost);
  pool.on('connect', (client) => client.on('error', onLost));
  return pool;
};

/** Runs the queue's own migrations. */
export const migrateJobQueue = async (url: string): Promise<void> => {
  // A lost connection fails a statement, and that error is reported.
  const pool = jobPool({ connectionString: url, max: 1 }, () => undefined);
  try {
    await runMigrations({ pgPool: pool, schema: JOB_SCHEMA });
  } finally {
    await pool.end();
  }
};
