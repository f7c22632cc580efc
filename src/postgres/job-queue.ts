/**
 * The durable queue is graphile-worker, in a schema of its own beside our tables: a job is added by the very transaction
 * that gives a reason for it.
 */
import { runMigrations } from 'graphile-worker';
import { Pool, type PoolConfig } from 'pg';
import { TimeoutClient } from './timeout-client.js';
import type { SessionSettings } from './session-options.js';

/** Said aloud, for graphile-worker would also take it from the environment, and our SQL would not. */
export const JOB_SCHEMA = 'graphile_worker';

interface JobPoolConfig extends PoolConfig {
  readonly session?: SessionSettings;
}

/** A pool whose connections may be lost at any time; graphile-worker warns of one without listeners. */
export const jobPool = (config: JobPoolConfig, onLost: (error: unknown) => void): Pool => {
  const all = { application_name: 'ringback jobs', keepAlive: true, Client: TimeoutClient, ...config };
  const pool = new Pool(all as PoolConfig);
  pool.on('error', onLost);
  pool.on('connect', (client) => client.on('error', onLost));
  return pool;
};

/** Brings the queue's own tables up to date. */
export const migrateJobQueue = async (url: string): Promise<void> => {
  // Whatever is lost here fails a statement, and that is reported.
  const pool = jobPool({ connectionString: url, max: 1 }, () => undefined);
  try {
    await runMigrations({ pgPool: pool, schema: JOB_SCHEMA });
  } finally {
    await pool.end();
  }
};
