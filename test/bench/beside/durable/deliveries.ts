/** Endpoints that receive every change, and the removal of deliveries from an earlier round. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../databases.js';
import { WEBHOOK_SECRET } from '../given.js';

const QUIET_LIMIT_MS = 20_000;

/** Removes all endpoints, deliveries and jobs. Waits until no worker holds a job. */
export const clearDeliveries = async (database: Database): Promise<void> => {
  const deadline = performance.now() + QUIET_LIMIT_MS;
  await database.query('delete from webhook_endpoint');
  for (;;) {
    await database.query(`delete from graphile_worker._private_jobs where locked_at is null and key like 'deliver:%'`);
    const [row] = await database.query<{ left: number }>(
      `select count(*)::int as left from graphile_worker._private_jobs where key like 'deliver:%' or locked_at is not null`,
    );
    if (row?.left === 0) break;
    if (performance.now() > deadline) throw new Error('deliveries of an earlier round do not end');
    await sleep(50);
  }
  await database.query('truncate webhook_attempts, webhook_deliveries');
};

export const putEndpoints = async (database: Database, url: string, count: number): Promise<void> => {
  await database.query(
    'insert into webhook_endpoint (url, secret) select $1 || number, $2 from generate_series(1, $3::int) number',
    [`${url}/hook`, WEBHOOK_SECRET, count],
  );
};

/** @returns the number of finished deliveries. @throws Error if there is not one delivery per change and endpoint */
export const verifyDeliveries = async (database: Database, changes: number, endpoints: number): Promise<number> => {
  const [row] = await database.query<{ all: number; made: number }>(
    `select count(*)::int as all, (count(*) filter (where state = 'delivered'))::int as made from webhook_deliveries`,
  );
  if (row?.all !== changes * endpoints) {
    throw new Error(`${changes} changes for ${endpoints} endpoints, and ${row?.all ?? 0} deliveries`);
  }
  return row.made;
};
