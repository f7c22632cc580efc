import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** The server's URL for its superuser. */
export const serverUrl = (): string => {
  const url = process.env.RINGBACK_TEST_DATABASE_URL;
  if (!url) throw new Error('tests run under jest, whose global set-up starts the database');
  return url;
};

const onServer = async (statement: string): Promise<void> => {
  const client = new Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

/** A separate database for a test file: migrated and empty. */
export const createTestDatabase = async (): Promise<TestDatabase> => {
  const name = `ringback_test_${randomBytes(6).toString('hex')}`;
  // Copying the files takes half the work of PostgreSQL's default, which copies page by page and logs each page.
  await onServer(`create database ${name} template ringback_template strategy file_copy`);
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => onServer(`drop database ${name} with (force)`),
  };
};
