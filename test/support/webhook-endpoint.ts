import type { DataSource } from 'typeorm';
import type { TestApp } from './test-app.js';

export interface RegisteredEndpoint {
  readonly id: string;
  readonly secret: string;
}

export const registerEndpoint = async (
  service: Pick<TestApp, 'admin'>,
  body: { readonly url: string; readonly eventTypes?: readonly string[] },
): Promise<RegisteredEndpoint> => {
  const response = await service.admin('POST', 'webhook-endpoints', body);
  if (response.status !== 201) throw new Error(await response.text());
  return (await response.json()) as RegisteredEndpoint;
};

/** Makes failed deliveries due for a retry now. */
export const retryNow = async (database: DataSource): Promise<void> => {
  await database.query('update graphile_worker._private_jobs set run_at = now() where locked_at is null');
  await database.query(`select pg_notify('jobs:insert', '{"count":10}')`);
};
