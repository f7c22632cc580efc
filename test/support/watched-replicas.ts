/** Two replicas whose live calls are watched, on a database of their own. */
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { startTestApp, type TestApp } from './test-app.js';
import { createTestDatabase } from './test-database.js';

export interface WatchedReplicas {
  readonly databaseUrl: string;
  readonly one: TestApp;
  readonly other: TestApp;
  /** A writer that publishes nothing: the replicas find its changes. */
  readonly elsewhere: DataSource;
  close(): Promise<void>;
}

export const startWatchedReplicas = async (): Promise<WatchedReplicas> => {
  const database = await createTestDatabase();
  const { url: databaseUrl } = database;
  const one = await startTestApp({ databaseUrl });
  const other = await startTestApp({ databaseUrl });
  const elsewhere = await new DataSource(dataSourceOptions(databaseUrl, 10)).initialize();
  return {
    databaseUrl,
    one,
    other,
    elsewhere,
    async close() {
      await elsewhere.destroy();
      await one.close();
      await other.close();
      await database.drop();
    },
  };
};
