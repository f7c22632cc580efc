import type { DataSource } from 'typeorm';
import { preparedStatement } from '../postgres/prepared-statement.js';

const readApplied = preparedStatement<{ name: string }>('applied-migrations', 'select name from migrations');

/** @throws if the database cannot be read */
export const missingMigrations = async (database: DataSource): Promise<string[]> => {
  const applied = new Set((await readApplied(database, [])).map(({ name }) => name));
  return database.migrations
    .map(({ name, constructor }) => name ?? constructor.name)
    .filter((name) => !applied.has(name));
};
